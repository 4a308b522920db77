// Three libraries, one habit: the same output however the input is cut, even in a broken stream.
//
// A library that meets an error gives up what it had decoded in the same call but not handed out.
// How much that is depends on how much input the call got, that is, on how a sender cut its
// segments; and what is lost so may be what he wants to hide. zlib hands out all before the error.
// Not so the others, hence
//
//   zstd     gets its input in whole blocks, each alone, and nothing while output waits to be
//            fetched. The header goes in byte by byte: given more, libzstd looks for a whole frame
//            and takes another path.
//   brotli   gets its input byte by byte. That costs three quarters of its speed: 60 ns a
//            compressed byte.
//
// The head of a member or frame is looked at here before a library sees it: it decides between zlib
// and raw deflate, tells a further member from trailing bytes, and keeps libzstd's readers for
// pre-standard formats out of reach.
//
//   gzip    1f 8b 08 ...              zlib   78 ..  (a multiple of 31; low nibble 8)
//   zstd    28 b5 2f fd ...           zstd, a frame to be skipped   5x 2a 4d 18 ...
#include "base/inflate.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <new>
#include <variant>

namespace umbratap {

namespace {

constexpr Problem problem_broken{"inflate.broken"};
constexpr Problem problem_window{"inflate.window_too_large"};
constexpr Problem problem_trailing{"inflate.trailing_bytes"};

constexpr std::size_t step_bytes_min = 4 * 1024;
constexpr std::size_t step_bytes_max = 64 * 1024;

/// What one call of a library did.
struct Step {
    std::size_t read = 0;
    std::size_t written = 0;
    bool ended = false;
    bool waiting = false;  // another call may give more, even without input
    Problem problem;
};

class Deflate {
public:
    /// `window_bits` as inflateInit2 understands them.
    explicit Deflate(int window_bits) : stream_(std::make_unique<z_stream>()) {
        if (inflateInit2(stream_.get(), window_bits) != Z_OK) throw std::bad_alloc();
    }
    ~Deflate() {
        if (stream_) inflateEnd(stream_.get());
    }
    Deflate(Deflate&&) noexcept = default;
    Deflate& operator=(Deflate&& other) noexcept {
        std::swap(stream_, other.stream_);
        return *this;
    }

    Step step(Bytes in, std::span<std::uint8_t> out) noexcept {
        stream_->next_in = const_cast<std::uint8_t*>(in.data());
        stream_->avail_in = static_cast<unsigned>(std::min<std::size_t>(in.size(), 1U << 30));
        const unsigned given = stream_->avail_in;
        stream_->next_out = out.data();
        stream_->avail_out = static_cast<unsigned>(out.size());
        const int result = inflate(stream_.get(), Z_NO_FLUSH);
        Step step;
        step.read = given - stream_->avail_in;
        step.written = out.size() - stream_->avail_out;
        step.ended = result == Z_STREAM_END;
        step.waiting = stream_->avail_out == 0 && !step.ended;
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            step.problem = problem_broken;
        return step;
    }

    void next_member() noexcept { inflateReset(stream_.get()); }
    /// Goes on after a final block with the window as it is (RFC 7692, 7.2.3.4).
    void next_message() noexcept { inflateResetKeep(stream_.get()); }

private:
    std::unique_ptr<z_stream> stream_;  // zlib keeps its address
};

class Brotli {
public:
    Brotli() : decoder_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
        if (!decoder_) throw std::bad_alloc();
    }

    Step step(Bytes in, std::span<std::uint8_t> out) noexcept {
        Step step;
        std::size_t out_left = out.size();
        std::uint8_t* out_at = out.data();
        BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT;
        do {
            std::size_t in_left = step.read < in.size() && !waiting_ ? 1 : 0;
            const std::size_t given = in_left;
            const std::uint8_t* in_at = in.data() + step.read;
            result = BrotliDecoderDecompressStream(decoder_.get(), &in_left, &in_at, &out_left,
                                                   &out_at, nullptr);
            step.read += given - in_left;
            waiting_ = result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
        } while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT && step.read < in.size() &&
                 out_left > 0);
        step.written = out.size() - out_left;
        step.ended = result == BROTLI_DECODER_RESULT_SUCCESS;
        step.waiting = out_left == 0 && !step.ended;
        if (result == BROTLI_DECODER_RESULT_ERROR) step.problem = problem_broken;
        return step;
    }

private:
    struct Free {
        void operator()(BrotliDecoderState* decoder) const noexcept {
            BrotliDecoderDestroyInstance(decoder);
        }
    };
    std::unique_ptr<BrotliDecoderState, Free> decoder_;
    bool waiting_ = false;  // output waits to be fetched
};

class Zstd {
public:
    explicit Zstd(int window_bits) : decoder_(ZSTD_createDCtx()) {
        if (!decoder_) throw std::bad_alloc();
        ZSTD_DCtx_setParameter(decoder_.get(), ZSTD_d_windowLogMax, window_bits);
    }

    Step step(Bytes in, std::span<std::uint8_t> out) {
        if (waiting_) return decode({}, out);
        const std::size_t wanted = bytes_wanted();
        if (held_.empty() && (in.size() >= wanted || wanted > block_bytes_max)) {
            return decode(in.first(std::min(in.size(), wanted)), out);
        }
        Step step;
        if (held_.size() < wanted) {
            step.read = std::min(wanted - held_.size(), in.size());
            held_.insert(held_.end(), in.begin(),
                         in.begin() + static_cast<std::ptrdiff_t>(step.read));
            if (held_.size() < wanted) return step;
        }
        Step decoded = decode(held_, out);
        held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(decoded.read));
        decoded.waiting = waiting_ || !held_.empty();
        decoded.read = step.read;
        return decoded;
    }

private:
    static constexpr std::size_t header_bytes_max = 18;  // RFC 8878, 3.1.1, with magic number
    static constexpr std::size_t block_header_bytes = 3;
    static constexpr std::size_t block_bytes_max =
        128 * 1024;  // more is only a frame to be skipped

    /// libzstd asks for a block together with the header of the next, which must not go in with it.
    std::size_t bytes_wanted() const noexcept {
        if (frame_read_ < header_bytes_max || wanted_ <= block_header_bytes) return 1;
        return wanted_ - block_header_bytes;
    }

    Step decode(Bytes in, std::span<std::uint8_t> out) noexcept {
        ZSTD_inBuffer from{in.data(), in.size(), 0};
        ZSTD_outBuffer to{out.data(), out.size(), 0};
        const std::size_t result = ZSTD_decompressStream(decoder_.get(), &to, &from);
        frame_read_ += from.pos;
        Step step;
        step.read = from.pos;
        step.written = to.pos;
        step.ended = result == 0;
        if (ZSTD_isError(result)) {
            const bool window =
                ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge;
            step.problem = window ? problem_window : problem_broken;
            return step;
        }
        wanted_ = result;
        waiting_ = step.waiting = to.pos == to.size && !step.ended;
        if (step.ended) frame_read_ = wanted_ = 0;
        return step;
    }

    struct Free {
        void operator()(ZSTD_DCtx* decoder) const noexcept { ZSTD_freeDCtx(decoder); }
    };
    std::unique_ptr<ZSTD_DCtx, Free> decoder_;
    std::vector<std::uint8_t> held_;  // the beginning of a block
    std::uint64_t frame_read_ = 0;    // bytes of this frame that libzstd has taken
    std::size_t wanted_ = 0;          // bytes that libzstd asks for next
    bool waiting_ = false;            // output waits to be fetched
};

bool is_zlib(const std::uint8_t* head) noexcept {
    return (head[0] & 0x0f) == Z_DEFLATED && head[0] >> 4 <= 7 && big_endian_16(head) % 31 == 0;
}

}  // namespace

struct Inflater::State {
    enum class Phase : std::uint8_t { head, body, closed };

    Coding coding;
    int zstd_window_bits;
    Phase phase = Phase::head;
    bool any_ended = false;  // a member or frame has come to its end
    bool broken = false;
    bool waiting = false;  // as the last step said
    bool trailing_told = false;
    std::uint8_t head_size = 0;
    std::array<std::uint8_t, 4> head{};
    Bytes head_left;  // of `head`, what the library has not had yet
    std::variant<std::monostate, Deflate, Brotli, Zstd> decoder;

    bool head_fits(std::uint8_t byte) const noexcept;
    Problem take_head(Bytes& in);
    void open();
    Step step(Bytes& in, std::span<std::uint8_t> out) noexcept;
    void finish_member() noexcept;
    Problem close(Problem why) noexcept;
    Problem push(Bytes& in, std::size_t out_max, std::vector<std::uint8_t>& out);
};

namespace {

std::size_t head_wanted(Coding coding) noexcept {
    switch (coding) {
        case Coding::gzip:
            return 3;
        case Coding::deflate:
            return 2;
        case Coding::zstd:
            return 4;
        case Coding::raw_deflate:
        case Coding::brotli:
            break;
    }
    return 0;
}

}  // namespace

bool Inflater::State::head_fits(std::uint8_t byte) const noexcept {
    static constexpr std::uint8_t gzip[] = {0x1f, 0x8b, 0x08};
    static constexpr std::uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    static constexpr std::uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18};
    if (coding == Coding::gzip) return byte == gzip[head_size];
    if (coding != Coding::zstd) return true;
    if (head_size == 0) return byte == zstd[0] || (byte & 0xf0) == skippable[0];
    return byte == (head[0] == zstd[0] ? zstd[head_size] : skippable[head_size]);
}

/// Collects the head of a member; opens a decoder for it once it is complete.
Problem Inflater::State::take_head(Bytes& in) {
    while (head_size < head_wanted(coding) && !in.empty()) {
        if (!head_fits(in.front())) {
            broken = !any_ended;
            return close(any_ended ? no_problem : problem_broken);
        }
        head[head_size++] = in.front();
        in = in.subspan(1);
    }
    if (head_size == head_wanted(coding)) open();
    return no_problem;
}

void Inflater::State::open() {
    phase = Phase::body;
    head_left = Bytes(head.data(), head_size);
    if (auto* deflate = std::get_if<Deflate>(&decoder)) {
        if (coding == Coding::gzip) deflate->next_member();
        if (coding == Coding::raw_deflate) deflate->next_message();
        return;
    }
    switch (coding) {
        case Coding::gzip:
            decoder.emplace<Deflate>(MAX_WBITS + 16);
            break;
        case Coding::deflate:
            decoder.emplace<Deflate>(is_zlib(head.data()) ? MAX_WBITS : -MAX_WBITS);
            break;
        case Coding::raw_deflate:
            decoder.emplace<Deflate>(-MAX_WBITS);
            break;
        case Coding::brotli:
            decoder.emplace<Brotli>();
            break;
        case Coding::zstd:
            if (!std::holds_alternative<Zstd>(decoder)) decoder.emplace<Zstd>(zstd_window_bits);
            break;
    }
}

Step Inflater::State::step(Bytes& in, std::span<std::uint8_t> out) noexcept {
    Bytes& from = head_left.empty() ? in : head_left;
    Step step;
    if (auto* deflate = std::get_if<Deflate>(&decoder)) step = deflate->step(from, out);
    if (auto* brotli = std::get_if<Brotli>(&decoder)) step = brotli->step(from, out);
    if (auto* zstd = std::get_if<Zstd>(&decoder)) step = zstd->step(from, out);
    from = from.subspan(step.read);
    return step;
}

void Inflater::State::finish_member() noexcept {
    any_ended = true;
    head_size = 0;
    phase = Phase::head;
    if (coding == Coding::deflate || coding == Coding::brotli) close(no_problem);
}

/// Deaf from here on.
Problem Inflater::State::close(Problem why) noexcept {
    phase = Phase::closed;
    head_size = 0;
    head_left = {};
    decoder.emplace<std::monostate>();
    return why;
}

Problem Inflater::State::push(Bytes& in, std::size_t out_max, std::vector<std::uint8_t>& out) {
    std::size_t left = out_max;
    while (left > 0) {
        if (phase == Phase::head) {
            if (in.empty()) return no_problem;
            const Problem problem = take_head(in);
            if (problem) return problem;
            if (phase == Phase::head) return no_problem;
        }
        if (head_left.empty() && in.empty() && !waiting) return no_problem;

        const std::size_t before = out.size();
        const std::size_t room =
            std::min(left, std::clamp(in.size() * 4, step_bytes_min, step_bytes_max));
        out.resize(before + room);
        const Step done = step(in, {out.data() + before, room});
        out.resize(before + done.written);
        left -= done.written;
        waiting = done.waiting;
        if (done.problem) {
            broken = true;
            return close(done.problem);
        }
        if (done.ended) finish_member();
        if (phase == Phase::closed) break;
    }
    return no_problem;
}

Inflater::Inflater(Coding coding, int zstd_window_bits) : state_(std::make_unique<State>()) {
    state_->coding = coding;
    state_->zstd_window_bits = zstd_window_bits == 0 ? 23 : std::clamp(zstd_window_bits, 10, 27);
}

Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

Problem Inflater::push(Bytes& in, std::size_t out_max, std::vector<std::uint8_t>& out) noexcept {
    State& state = *state_;
    Problem problem;
    if (state.phase != State::Phase::closed) problem = state.push(in, out_max, out);
    if (state.phase != State::Phase::closed) return problem;
    if (!in.empty() && !state.broken && !state.trailing_told) {
        state.trailing_told = true;
        problem = problem.or_else(problem_trailing);
    }
    in = {};
    return problem;
}

bool Inflater::ended() const noexcept {
    return state_->any_ended && !state_->broken && state_->phase != State::Phase::body &&
           state_->head_size == 0;
}

bool Inflater::broken() const noexcept {
    return state_->broken;
}

void Inflater::reset() noexcept {
    auto* deflate = std::get_if<Deflate>(&state_->decoder);
    if (deflate == nullptr || state_->coding != Coding::raw_deflate) {
        *this = Inflater(state_->coding, state_->zstd_window_bits);
        return;
    }
    deflate->next_member();
    state_->phase = State::Phase::body;
    state_->any_ended = state_->waiting = false;
}

}  // namespace umbratap
