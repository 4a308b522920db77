// Finds where a frame of HTTP/2 begins.
#include "http/http2_finder.h"

#include <algorithm>
#include <array>
#include <optional>

#include "http/sniff.h"

namespace umbratap::http {

namespace {

constexpr std::uint32_t frame_bytes_usual = 16 * 1024;  // SETTINGS_MAX_FRAME_SIZE at first
constexpr std::uint32_t streams_usual = 1U << 24;
constexpr std::uint32_t settings_usual = 32;
constexpr std::uint64_t work_free_bytes = 64 * 1024;  // of field blocks read in vain
constexpr std::uint64_t work_per_byte = 4;            // and more of it as bytes come

/// An integer whose first byte has `prefix` bits of it (RFC 7541, 5.1).
std::optional<std::uint32_t> take_integer(Bytes& in, int prefix) noexcept {
    const std::uint32_t most = (1U << prefix) - 1;
    std::uint32_t value = in.front() & most;
    in = in.subspan(1);
    if (value < most) return value;
    for (int shift = 0; shift < 21; shift += 7) {
        if (in.empty()) return std::nullopt;
        const std::uint8_t byte = in.front();
        in = in.subspan(1);
        value += static_cast<std::uint32_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
}

bool is_control(std::uint8_t byte) noexcept {
    return byte < 0x20 && byte != '\t';
}

/// A string (RFC 7541, 5.2) of at least `shortest` bytes; one that is not compressed is readable.
bool take_string(Bytes& in, std::uint32_t shortest) noexcept {
    if (in.empty()) return false;
    const bool compressed = (in.front() & 0x80) != 0;
    const auto length = take_integer(in, 7);
    if (!length || *length < shortest || *length > in.size()) return false;
    const Bytes text = in.first(*length);
    in = in.subspan(*length);
    return compressed || std::none_of(text.begin(), text.end(), is_control);
}

enum class Block : std::uint8_t { malformed, plain, message };  // message: a head begins it

/// Reads a field block without its tables.
Block read_block(Bytes block) noexcept {
    constexpr std::uint32_t pseudo_fields = 14;  // the first of the static table (RFC 7541, A)
    constexpr std::uint32_t static_fields = 61;
    while (!block.empty() && (block.front() & 0xe0) == 0x20) {
        if (!take_integer(block, 5)) return Block::malformed;
    }
    std::optional<std::uint32_t> first;
    while (!block.empty()) {
        const std::uint8_t byte = block.front();
        const bool indexed = (byte & 0x80) != 0;
        if (!indexed && (byte & 0x60) == 0x20) return Block::malformed;
        const auto index = take_integer(block, indexed ? 7 : (byte & 0x40) != 0 ? 6 : 4);
        if (!index || (indexed && *index == 0)) return Block::malformed;
        if (!first) first = index;
        if (indexed) continue;
        if (*index == 0 && !take_string(block, 1)) return Block::malformed;
        if (!take_string(block, 0)) return Block::malformed;
    }
    if (!first) return Block::malformed;
    return *first >= 1 && (*first <= pseudo_fields || *first > static_fields) ? Block::message
                                                                              : Block::plain;
}

/// Begins like JSON or like server-sent events.
bool is_readable(Bytes payload) noexcept {
    const Bytes start = payload.first(std::min<std::size_t>(payload.size(), 16));
    const auto is_foreign = [](std::uint8_t c) { return is_control(c) && c != '\r' && c != '\n'; };
    if (start.size() < 2 || std::any_of(start.begin(), start.end(), is_foreign)) return false;
    const Looks looks = looks_like(start.subspan(leading(start)));
    return looks == Looks::text || looks == Looks::events;
}

/// The field block of a HEADERS frame that is whole.
Bytes block_in(const FrameHeader& frame, Bytes payload) noexcept {
    std::size_t front = 0, back = 0;
    if (frame.has(FrameHeader::padded)) {
        back = payload.front();
        front = 1;
    }
    if (frame.has(FrameHeader::with_priority)) front += 5;
    if (front + back >= payload.size()) return {};
    return payload.subspan(front, payload.size() - front - back);
}

}  // namespace

bool plausible(const FrameHeader& frame) noexcept {
    if (frame.length > frame_bytes_usual || frame.reserved || frame.stream >= streams_usual)
        return false;
    const bool of_stream = frame.stream % 2 == 1;  // even ones are pushed, and rare
    const auto only = [&](int flags) { return (frame.flags & ~flags) == 0; };
    switch (frame.type) {
        case FrameType::data:
            return of_stream && only(FrameHeader::end_stream | FrameHeader::padded) &&
                   (frame.length > 0 || frame.has(FrameHeader::end_stream));
        case FrameType::headers:
            return of_stream && frame.length > 0 &&
                   only(FrameHeader::end_stream | FrameHeader::end_headers | FrameHeader::padded |
                        FrameHeader::with_priority);
        case FrameType::priority:
            return of_stream && frame.length == 5 && only(0);
        case FrameType::rst_stream:
            return of_stream && frame.length == 4 && only(0);
        case FrameType::settings:
            return frame.stream == 0 && only(FrameHeader::ack) && frame.length % 6 == 0 &&
                   frame.length <= 6 * settings_usual &&
                   (frame.length == 0 || !frame.has(FrameHeader::ack));
        case FrameType::push_promise:
            return of_stream && frame.length > 4 &&
                   only(FrameHeader::end_headers | FrameHeader::padded);
        case FrameType::ping:
            return frame.stream == 0 && frame.length == 8 && only(FrameHeader::ack);
        case FrameType::goaway:
            return frame.stream == 0 && frame.length >= 8 && only(0);
        case FrameType::window_update:
            return frame.length == 4 && only(0);
        case FrameType::continuation:
            return of_stream && frame.length > 0 && only(FrameHeader::end_headers);
        case FrameType::priority_update:
            return frame.stream == 0 && frame.length >= 4 && only(0);
    }
    return false;
}

class FrameFinder::Chain {
public:
    explicit Chain(Expects expects) noexcept : expected_(expects == Expects::http_2) {}

    void add(const FrameHeader& frame) noexcept {
        ++weight_;
        if (frame.type == FrameType::data) {
            const auto last = streams_.begin() + data_;
            certain_ = certain_ || std::find(streams_.begin(), last, frame.stream) != last;
            streams_[data_++] = frame.stream;
        } else if (frame.type != FrameType::headers && frame.type != FrameType::continuation) {
            certain_ = true;  // its length had to be right
        }
        ++frames_;
    }
    /// What is in it is as it should be, too.
    void add_content() noexcept {
        ++weight_;
        proven_ = true;
    }
    void add_end() noexcept { ++weight_; }
    /// Numbers that are small by nature (samples of silence, bit maps) often pass for DATA.
    bool enough() const noexcept {
        if (expected_) return weight_ >= 2 && (certain_ || proven_);
        return (weight_ >= 3 && proven_) || (weight_ >= 6 && certain_);
    }
    bool empty() const noexcept { return frames_ == 0; }
    bool full() const noexcept { return frames_ == streams_.size(); }

private:
    bool expected_;
    int weight_ = 0;
    bool certain_ = false;
    bool proven_ = false;
    std::size_t frames_ = 0, data_ = 0;
    std::array<std::uint32_t, 6> streams_{};  // of DATA
};

FrameFinder::Verdict FrameFinder::judge(Bytes at, Expects expects, bool end) {
    Chain chain(expects);
    std::uint64_t work = 0;
    const auto refuse = [&] {
        work_ += work;
        return Verdict::no;
    };
    while (!chain.enough()) {
        if (at.size() < FrameHeader::size) {
            if (end && at.empty() && !chain.empty()) chain.add_end();
            if (end) return chain.enough() ? Verdict::yes : refuse();
            return at.empty() || at.front() == 0 ? Verdict::unclear : refuse();
        }
        const FrameHeader frame = read_frame_header(at.data());
        if (!plausible(frame) || chain.full()) return refuse();
        chain.add(frame);
        at = at.subspan(FrameHeader::size);
        if (at.size() < frame.length) {
            if (chain.enough() && frame.type != FrameType::headers) break;
            return end ? refuse() : Verdict::unclear;
        }
        const Bytes payload = at.first(frame.length);
        at = at.subspan(frame.length);
        if (frame.type == FrameType::data && is_readable(payload)) chain.add_content();
        if (frame.type != FrameType::headers || !frame.has(FrameHeader::end_headers)) continue;
        work += payload.size();
        if (work_ + work > work_free_bytes + work_per_byte * skipped_) return refuse();
        const Block block = read_block(block_in(frame, payload));
        if (block == Block::malformed) return refuse();
        if (block == Block::message) chain.add_content();
    }
    return Verdict::yes;
}

FrameFinder::Found FrameFinder::next(Bytes in, Expects expects, bool end, Shelf& shelf) {
    const bool had = !kept_.empty();
    if (had && !kept_.append(in, SIZE_MAX)) {  // nothing to work with: it is given up
        const Bytes before = shelf.keep(kept_);
        std::vector<std::uint8_t> all(before.begin(), before.end());
        all.insert(all.end(), in.begin(), in.end());
        skipped_ += all.size();
        return {shelf.keep(std::move(all)), {}};
    }
    const Bytes all = had ? kept_.bytes() : in;
    std::size_t at = 0;
    Verdict verdict = Verdict::no;
    while (at < all.size()) {
        // A frame of usual size begins with a zero byte.
        const void* zero = std::memchr(all.data() + at, 0, all.size() - at);
        const std::size_t next =
            zero == nullptr
                ? all.size()
                : static_cast<std::size_t>(static_cast<const std::uint8_t*>(zero) - all.data());
        skipped_ += next - at;
        at = next;
        if (skipped_ > within_) {
            skipped_ += all.size() - at;
            at = all.size();
        }
        if (at == all.size()) break;
        verdict = judge(all.subspan(at), expects, end);
        if (verdict != Verdict::no) break;
        ++skipped_;
        ++at;
    }
    const bool keeps = at < all.size() && verdict == Verdict::unclear;
    if (keeps && !had) {
        if (kept_.append(all.subspan(at), SIZE_MAX)) return {all.first(at), {}};
        skipped_ += all.size() - at;
        return {all, {}};
    }
    if (!keeps) {
        const Bytes lasting = had ? shelf.keep(kept_) : all;
        return {lasting.first(at), lasting.subspan(at)};
    }
    const Bytes skipped = shelf.keep({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(at)});
    kept_.drop_front(at);
    return {skipped, {}};
}

}  // namespace umbratap::http
