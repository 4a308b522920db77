// The wire between the process that parses and the one that owns the outputs.
#include "report/channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace umbratap::report {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t head_bytes = 5;
constexpr std::size_t frame_bytes_max = event_bytes_max + 1024;
constexpr std::size_t gathered_bytes_max = 64 << 10;
constexpr std::size_t piece_bytes = 64 << 10;
constexpr int pieces_max = 16;  // read at a time, so that the caller can look around
constexpr std::chrono::seconds tell_interval{1};

void append_frame(char kind, std::string_view content, std::string& out) {
    append_number_bytes(static_cast<std::uint32_t>(content.size() + 1), out);
    out.push_back(kind);
    out += content;
}

struct Frame {
    char kind = 0;
    std::string_view content;
};

enum class Found : std::uint8_t { frame, need_more, nonsense };

/// Takes the first frame of `bytes` off.
Found take_frame(std::string_view& bytes, Frame& frame) noexcept {
    if (bytes.size() < head_bytes) return Found::need_more;
    const auto size = read_number_bytes<std::uint32_t>(bytes);
    if (size < 1 || size > frame_bytes_max) return Found::nonsense;
    if (bytes.size() - 4 < size) return Found::need_more;
    frame = {bytes[4], bytes.substr(head_bytes, size - 1)};
    bytes.remove_prefix(4 + size);
    return Found::frame;
}

enum class Came : std::uint8_t { bytes, nothing, end };

Came receive_piece(int descriptor, std::string& into) noexcept {
    char piece[piece_bytes];
    for (;;) {
        const ssize_t got = recv(descriptor, piece, sizeof piece, MSG_DONTWAIT);
        if (got > 0) {
            into.append(piece, static_cast<std::size_t>(got));
            return Came::bytes;
        }
        if (got < 0 && errno == EINTR) continue;
        return got < 0 && errno == EAGAIN ? Came::nothing : Came::end;
    }
}

/// Sends what the socket takes at once; -1 if nobody is there any more.
ssize_t send_piece(int descriptor, std::string_view bytes) noexcept {
    for (;;) {
        const ssize_t sent =
            send(descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) return sent;
        if (errno == EINTR) continue;
        return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
    }
}

void append_counts(std::string_view kind, const SinkCounts& counts, std::string& out) {
    for (const std::uint64_t number :
         {counts.events, counts.dropped, counts.queue_bytes, counts.refused})
        append_number_bytes(number, out);
    out += kind;
}

bool read_counts(std::string_view bytes, SinkCountsByKind& all) {
    if (bytes.size() <= 32 || bytes.size() > 64) return false;
    SinkCounts& counts = all[std::string(bytes.substr(32))];
    counts.events = read_number_bytes<std::uint64_t>(bytes);
    counts.dropped = read_number_bytes<std::uint64_t>(bytes.substr(8));
    counts.queue_bytes = read_number_bytes<std::uint64_t>(bytes.substr(16));
    counts.refused = read_number_bytes<std::uint64_t>(bytes.substr(24));
    return true;
}

}  // namespace

ChannelSink::ChannelSink(int descriptor, ChannelLimits limits)
    : descriptor_(descriptor), limits_(limits), queue_(limits.queue_bytes_max) {}

// Frames go straight to what is sent next, as long as the other side keeps up.
void ChannelSink::write(const Event& event) noexcept {
    event_bytes_.clear();
    append_event(event, event_bytes_);
    if (gone_ || event_bytes_.size() > event_bytes_max) {
        ++dropped_;
        return;
    }
    if (queue_.empty() && outgoing_.size() - sent_ < gathered_bytes_max) {
        append_frame('E', event_bytes_, outgoing_);
    } else {
        dropped_ += queue_.push(rank_of(event), next_number_++, event_bytes_);
    }
    if (outgoing_.size() - sent_ >= gathered_bytes_max || event.severity != 0) send_out();
}

void ChannelSink::flush(bool sync) noexcept {
    send_out();
    // Behind a queue it is of no use: what waits there was not written.
    if (sync && !gone_ && queue_.empty()) {
        append_frame('S', {}, outgoing_);
        send_out();
    }
    receive();
}

void ChannelSink::send_out() noexcept {
    while (!gone_) {
        if (sent_ == outgoing_.size()) {
            outgoing_.clear();
            sent_ = 0;
            while (!queue_.empty() && outgoing_.size() < gathered_bytes_max)
                append_frame('E', queue_.take().bytes, outgoing_);
            if (outgoing_.empty()) return;
        }
        const ssize_t sent = send_piece(descriptor_, std::string_view(outgoing_).substr(sent_));
        if (sent == 0) return;
        if (sent < 0) return give_up();
        sent_ += static_cast<std::size_t>(sent);
    }
}

void ChannelSink::finish(Clock::time_point deadline) noexcept {
    bool asked = false;
    while (!gone_ && !done_ && Clock::now() < deadline) {
        send_out();
        if (!asked && sent_ == outgoing_.size()) {
            append_frame('F', {}, outgoing_);
            asked = true;
            continue;
        }
        wait(sent_ < outgoing_.size() ? POLLIN | POLLOUT : POLLIN, deadline);
        receive();
    }
    if (!done_ && !gone_) give_up();
}

/// Nobody will take what is still here.
void ChannelSink::give_up() noexcept {
    if (gone_) return;
    gone_ = true;
    dropped_ += queue_.events();
    std::string_view rest = outgoing_;
    Frame frame;
    while (take_frame(rest, frame) == Found::frame) {
        const bool sent = outgoing_.size() - rest.size() <= sent_;
        if (!sent && frame.kind == 'E') ++dropped_;
    }
}

void ChannelSink::wait(short events, Clock::time_point deadline) const noexcept {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready{descriptor_, events, 0};
    if (left > 0) poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left, 1000)));
}

void ChannelSink::receive() noexcept {
    bool ended = false;
    for (int piece = 0; piece < pieces_max; ++piece) {
        const Came came = receive_piece(descriptor_, incoming_);
        ended = came == Came::end;
        if (came != Came::bytes) break;
    }
    take_answers();
    if (ended && !done_) give_up();
}

void ChannelSink::take_answers() {
    std::string_view rest = incoming_;
    Frame frame;
    Found found;
    while ((found = take_frame(rest, frame)) == Found::frame) {
        if (frame.kind == 'C') read_counts(frame.content, behind_);
        if (frame.kind == 'T' && troubles_.size() < limits_.troubles_max)
            troubles_.emplace_back(frame.content);
        if (frame.kind == 'D') done_ = true;
    }
    incoming_.erase(0, incoming_.size() - rest.size());
    if (found == Found::nonsense) give_up();
}

SinkCounts ChannelSink::counts() const noexcept {
    SinkCounts sum;
    for (const auto& [kind, counts] : behind_) sum += counts;
    sum.dropped += dropped_;
    sum.queue_bytes += queue_.bytes() + outgoing_.size() - sent_;
    return sum;
}

void ChannelSink::count_into(SinkCountsByKind& all) const {
    for (const auto& [kind, counts] : behind_) all[kind] += counts;
    all[std::string(kind())] += {0, dropped_, queue_.bytes() + outgoing_.size() - sent_, 0};
}

std::string ChannelSink::take_trouble() {
    if (troubles_.empty()) return {};
    std::string first = std::move(troubles_.front());
    troubles_.pop_front();
    return first;
}

ChannelReader::State ChannelReader::serve() noexcept {
    send_answers();
    Came came = Came::nothing;
    State state = State::open;
    for (int piece = 0; piece < pieces_max && state == State::open; ++piece) {
        came = receive_piece(descriptor_, incoming_);
        if (came != Came::bytes) break;
        state = take_frames();
    }
    flush(sinks_, false);
    if (state == State::open && came == Came::end) state = State::ended;
    if (state == State::finished) flush(sinks_, true);
    const auto now = Clock::now();
    if (state == State::finished || now - told_ >= tell_interval) {
        told_ = now;
        tell();
    }
    if (state == State::finished) answer('D', {});
    send_answers();
    return state;
}

ChannelReader::State ChannelReader::take_frames() {
    std::string_view rest = incoming_;
    State state = State::open;
    Frame frame;
    while (state == State::open) {
        const Found found = take_frame(rest, frame);
        if (found == Found::need_more) break;
        const auto event =
            found == Found::frame && frame.kind == 'E' ? read_event(frame.content) : std::nullopt;
        if (event) {
            for (const auto& sink : sinks_) sink->write(*event);
        } else if (found == Found::frame && frame.kind == 'S') {
            flush(sinks_, true);
        } else if (found == Found::frame && frame.kind == 'F') {
            state = State::finished;
        } else {
            state = State::broken;
        }
    }
    incoming_.erase(0, incoming_.size() - rest.size());
    return state;
}

void ChannelReader::tell() {
    // An answer that nobody reads is not repeated: the next one says more.
    if (!answers_.empty()) return;
    std::string content;
    for (const auto& [kind, counts] : counts_of(sinks_)) {
        content.clear();
        append_counts(kind, counts, content);
        answer('C', content);
    }
    for (std::string trouble; !(trouble = take_trouble(sinks_)).empty();) answer('T', trouble);
}

void ChannelReader::answer(char kind, std::string_view content) {
    append_frame(kind, content, answers_);
}

void ChannelReader::send_answers() noexcept {
    const ssize_t sent = answers_.empty() ? 0 : send_piece(descriptor_, answers_);
    answers_.erase(0, sent < 0 ? answers_.size() : static_cast<std::size_t>(sent));
}

}  // namespace umbratap::report
