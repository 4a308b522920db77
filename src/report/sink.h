// Where events go. One of the two virtual interfaces of the house.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "report/event.h"

namespace umbratap::report {

/// An output that cannot be opened, or is described in a way that makes no sense.
class SinkError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct SinkCounts {
    std::uint64_t events = 0;   ///< written, and acknowledged where the receiver does that
    std::uint64_t dropped = 0;  ///< lost for good
    std::uint64_t queue_bytes = 0;
    std::uint64_t refused = 0;  ///< of those dropped: the receiver said it will never take them

    SinkCounts& operator+=(const SinkCounts& other) noexcept {
        events += other.events;
        dropped += other.dropped;
        queue_bytes += other.queue_bytes;
        refused += other.refused;
        return *this;
    }
    friend bool operator==(const SinkCounts&, const SinkCounts&) = default;
};

/// By kind, the label in metrics: "file", "stdout", "unix", "syslog", "kafka", "http".
using SinkCountsByKind = std::map<std::string, SinkCounts, std::less<>>;

/// One thread at a time calls it; it may have threads of its own.
class Sink {
public:
    virtual ~Sink() = default;
    /// Never blocks for long; what cannot be kept is counted as dropped.
    virtual void write(const Event& event) noexcept = 0;
    /// Hands on what was gathered. `sync`: it should survive a crash of this machine, where the
    /// sink can do that. To be called about once a second at least.
    virtual void flush(bool sync) noexcept = 0;
    /// Nothing more comes: begins to deliver the rest, until `deadline`. Does not block.
    virtual void begin_finish(std::chrono::steady_clock::time_point) noexcept {}
    /// The end: delivers what it can before `deadline`; the rest stays in the spool or is dropped.
    virtual void finish(std::chrono::steady_clock::time_point) noexcept { flush(true); }
    virtual void reopen() noexcept {}  ///< HUP
    virtual SinkCounts counts() const noexcept = 0;
    /// Adds its counts to those of its kind.
    virtual void count_into(SinkCountsByKind& all) const { all[std::string(kind())] += counts(); }
    /// The latest trouble, once, as one line; empty where there is none.
    virtual std::string take_trouble() { return {}; }
    virtual std::string_view kind() const noexcept = 0;
};

using Sinks = std::vector<std::unique_ptr<Sink>>;

/// What is done to all of them.
void flush(Sinks& sinks, bool sync) noexcept;
void reopen(Sinks& sinks) noexcept;
/// All at once: each has the whole time until `deadline`.
void finish(Sinks& sinks, std::chrono::steady_clock::time_point deadline) noexcept;
SinkCountsByKind counts_of(const Sinks& sinks);
/// The next trouble of any of them; empty where there is none.
std::string take_trouble(Sinks& sinks);

}  // namespace umbratap::report
