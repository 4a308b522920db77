// Events that wait for a receiver: on disk if there is a spool, else, and while the disk takes
// nothing, in memory.
//
// One thread writes, one takes. Events are numbered, so that they go out in their order wherever
// they wait.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "report/severity_queue.h"
#include "report/spool.h"

namespace umbratap::report {

class Backlog {
public:
    Backlog(std::size_t queue_bytes_max, std::unique_ptr<Spool> spool);

    // The thread that writes.
    void push(const Event& event);
    /// Makes spooled events survive a crash of the machine, if an alert is among them, a second has
    /// passed, or `now`.
    void sync(bool now);
    /// errno of the last append or sync, 0 where it went well.
    int disk_error() const noexcept { return disk_error_; }

    // The thread that takes.
    bool take(SpooledEvent& event);
    /// To be called after some were taken, before they go out.
    void remember_taken();
    /// Everything below `number` is acknowledged.
    void settle(std::uint64_t number);
    /// Waits until there is something to take, or `wake` was called.
    void wait(std::chrono::milliseconds time_max);

    // Any thread.
    void wake();
    std::uint64_t dropped() const noexcept { return dropped_; }
    std::uint64_t bytes() const;
    /// Events that would be lost if this process ended now.
    std::uint64_t events_in_memory() const;
    bool has_spool() const noexcept { return spool_ != nullptr; }
    std::uint64_t take_damages();

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    SeverityQueue queue_;
    std::unique_ptr<Spool> spool_;
    std::uint64_t next_number_ = 0;
    std::atomic<std::uint64_t> dropped_ = 0;
    std::atomic<int> disk_error_ = 0;
    // Of the thread that writes.
    std::string bytes_;
    bool sync_wanted_ = false, unsynced_ = false;
    std::chrono::steady_clock::time_point synced_;
};

}  // namespace umbratap::report
