// What brings events to one receiver over a network: the part of a network sink that knows a
// protocol, and may block.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "report/event_bytes.h"

namespace umbratap::report {

/// How long a carrier may go on. Waits are cut into slices, so that a deadline that is set from
/// outside is noticed.
class Patience {
public:
    using Clock = std::chrono::steady_clock;

    bool over() const noexcept { return Clock::now().time_since_epoch().count() >= end_; }
    /// Milliseconds that may be waited at once, for poll().
    int slice() const noexcept {
        const auto left = Clock::time_point(Clock::duration(end_.load())) - Clock::now();
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 50));
    }
    void end_at(Clock::time_point time) noexcept { end_ = time.time_since_epoch().count(); }

private:
    std::atomic<Clock::rep> end_ = Clock::time_point::max().time_since_epoch().count();
};

/// An event under way.
struct Parcel {
    enum class State : std::uint8_t {
        waiting,
        sent,     ///< perhaps arrived
        arrived,  ///< acknowledged
        refused   ///< the receiver will never take it
    };
    std::uint64_t number = 0;
    State state = State::waiting;
    bool redelivered = false;  ///< it may have arrived already: to be marked as such
    std::string bytes;         ///< as of event_bytes.h; the line without its newline
    std::uint64_t mark = 0;    ///< the carrier's own

    Event event() const noexcept { return read_event(bytes).value_or(Event{}); }
    bool settled() const noexcept { return state == State::arrived || state == State::refused; }
};
using Window = std::deque<Parcel>;

class Carrier {
public:
    virtual ~Carrier() = default;

    struct Outcome {
        std::string trouble;  ///< what went wrong, to be told; empty where all is well
        bool broken = false;  ///< what was `sent` has to be sent again, after a pause
    };
    /// Takes parcels of the window further, in their order, and waits a little for answers where it
    /// can do nothing else. Marks each `sent` before its first byte goes out. The window may be
    /// empty: then it looks whether its connection still stands.
    virtual Outcome carry(Window& window, const Patience& patience) noexcept = 0;
    /// All has been handed on that will be: what is `sent` may still be acknowledged.
    virtual void close(Window&, const Patience&) noexcept {}
    virtual std::string_view kind() const noexcept = 0;
};

}  // namespace umbratap::report
