// Events that wait on disk for a receiver.
//
// A directory of append-only segments, RANK-NUMBER.spool, named after the number of their first
// event; each rank has segments of its own, so that the lowest can go first when there is no room.
// A record, little-endian:
//
//     magic (4)  size of the event (4)  CRC-32 of number and event (4)  number (8)  event
//
// The magic cannot stand in an event's text (it is no UTF-8), so that the way is found again behind
// damaged bytes. A file `cursor` says what was acknowledged, and what was handed out once. What a
// killed process left behind, at whatever byte, is read by the next one; nothing is appended to it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "report/event_bytes.h"

namespace umbratap::report {

struct SpooledEvent {
    std::uint64_t number = 0;
    bool redelivered = false;  ///< an earlier process has handed it out, and was not told the end
    std::string bytes;
};

/// One process at a time uses a directory (a lock says so); the caller locks threads.
class Spool {
public:
    /// Makes the directory if it is not there. Throws SinkError.
    Spool(std::string directory, std::uint64_t bytes_max);
    ~Spool();
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    /// Numbers below were given to events that are here, or were.
    std::uint64_t next_number() const noexcept { return next_number_; }

    struct Appended {
        int error = 0;               ///< errno: it is not here; 0 otherwise
        std::uint64_t given_up = 0;  ///< events, perhaps this one, that went for want of room
    };
    /// `number` grows from call to call.
    Appended append(unsigned rank, std::uint64_t number, std::string_view event_bytes);
    /// Makes what was appended survive a crash of the machine. Returns errno or 0. May run while
    /// another thread is in any function but append.
    int sync() noexcept;

    /// The next event that was not handed out yet, in order; false if there is none.
    bool peek(std::uint64_t& number);
    bool take(SpooledEvent& event);
    /// Notes on disk what was taken, before it goes out: the next process marks it if need be.
    void remember_taken() noexcept;
    /// Everything below `number` is acknowledged, and need not be kept.
    void settle(std::uint64_t number);

    /// Of events that were not handed out yet.
    std::uint64_t waiting_bytes() const noexcept;
    /// Stretches of damaged bytes that were skipped since the last call.
    std::uint64_t take_damages() noexcept { return std::exchange(damages_, 0); }

private:
    struct Segment {
        std::string path;
        std::uint64_t first = 0;  // number
        std::uint64_t bytes = 0;
        std::uint64_t last = 0;  // number of the last event that was read from it
    };
    struct Lane {
        std::deque<Segment> segments;
        int writing = -1;  // descriptor of the last segment, if it is written
        bool unsynced = false;
        // Reading.
        std::size_t reading = 0;   // index of the segment
        std::uint64_t offset = 0;  // bytes of it that were read into `buffer`, at some time
        std::string buffer;        // the first `used` are done with
        std::size_t used = 0;
        bool ready = false;  // `next` holds an event
        SpooledEvent next;
    };

    void recover();
    bool open_segment(Lane& lane, unsigned rank, std::uint64_t number);
    void close_segment(Lane& lane) noexcept;
    bool fill(Lane& lane);
    bool read_record(Lane& lane);
    bool read_more(Lane& lane);
    void leave_segment(Lane& lane);
    void retire(Lane& lane);
    std::uint64_t give_up_segment(Lane& lane);
    void remove_front(Lane& lane);
    void write_cursor() noexcept;
    Lane* first_ready();

    std::string directory_;
    std::uint64_t bytes_max_, segment_bytes_max_;
    std::uint64_t bytes_ = 0;
    std::uint64_t next_number_ = 0;
    std::uint64_t settled_ = 0;            // all below are
    std::uint64_t handed_out_ = 0;         // all below were, once
    std::uint64_t remembered_ = 0;         // of these, on disk
    std::uint64_t handed_out_before_ = 0;  // by earlier processes
    std::uint64_t damages_ = 0;
    int lock_ = -1, cursor_ = -1;
    std::array<Lane, ranks> lanes_;
};

}  // namespace umbratap::report
