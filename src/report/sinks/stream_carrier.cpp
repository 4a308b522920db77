// Events over a stream whose protocol has no acknowledgement.
#include "report/sinks/stream_carrier.h"

#include <thread>

namespace umbratap::report {

namespace {

using Clock = Patience::Clock;

constexpr std::size_t gathered_bytes_max = 64 << 10;
constexpr std::uint64_t unread_bytes_max = 256 << 10;  // what a receiver's system may hold unread
constexpr std::chrono::seconds settle_wait{3};
constexpr std::chrono::seconds stall_max{30};

}  // namespace

Carrier::Outcome StreamCarrier::carry(Window& window, const Patience& patience) noexcept {
    if (!stream_.connected()) {
        if (window.empty()) return {};
        if (std::string trouble = stream_.connect(patience); !trouble.empty())
            return broken(std::move(trouble));
        moved_ = settling_since_ = Clock::now();
    }
    std::string trouble;
    stream_.look(trouble);
    if (!trouble.empty()) return broken(std::move(trouble));
    gather(window);
    const std::size_t written = outgoing_.empty() ? 0 : stream_.write(outgoing_, trouble);
    if (!trouble.empty()) return broken(std::move(trouble));
    outgoing_.erase(0, written);
    look_back(window);
    const auto now = Clock::now();
    if (written > 0 || outgoing_.empty()) moved_ = now;
    if (now - moved_ > stall_max) return broken("the receiver does not read");
    if (!outgoing_.empty() && written == 0) {
        stream_.wait_to_write(patience.slice());
    } else if (outgoing_.empty() && !window.empty()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(std::min(patience.slice(), 10)));
    }
    return {};
}

Carrier::Outcome StreamCarrier::broken(std::string trouble) noexcept {
    stream_.disconnect();
    outgoing_.clear();
    framed_ = safe_ = settling_ = 0;
    return {std::move(trouble), true};
}

void StreamCarrier::gather(Window& window) {
    for (Parcel& parcel : window) {
        if (outgoing_.size() >= gathered_bytes_max) break;
        if (parcel.state != Parcel::State::waiting) continue;
        const std::size_t before = outgoing_.size();
        frame(parcel, outgoing_);
        framed_ += outgoing_.size() - before;
        parcel.mark = framed_;
        parcel.state = Parcel::State::sent;
    }
}

/// What arrived without doubt.
void StreamCarrier::look_back(Window& window) noexcept {
    const std::uint64_t written = framed_ - outgoing_.size();
    const std::uint64_t pending = stream_.unacknowledged();
    const std::uint64_t taken = written - std::min(written, pending);
    safe_ = std::max(safe_, taken - std::min(taken, unread_bytes_max));
    const auto now = Clock::now();
    if (pending > 0) {
        settling_since_ = now;  // a connection that stands still proves nothing
        settling_ = safe_;
    } else if (now - settling_since_ >= settle_wait) {
        safe_ = std::max(safe_, settling_);
        settling_since_ = now;
        settling_ = taken;
    }
    for (Parcel& parcel : window) {
        if (parcel.state != Parcel::State::sent || parcel.mark > safe_) break;
        parcel.state = Parcel::State::arrived;
    }
}

void StreamCarrier::close(Window& window, const Patience& patience) noexcept {
    if (!stream_.connected() || !outgoing_.empty()) return;
    const bool ended = stream_.end(patience);
    const bool taken = stream_.unacknowledged() == 0;
    for (Parcel& parcel : window) {
        if (parcel.state == Parcel::State::sent && (ended || taken))
            parcel.state = Parcel::State::arrived;
    }
    broken({});
}

}  // namespace umbratap::report
