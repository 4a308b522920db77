// One direction of a TCP connection, by offsets in the stream: what is next, what came early, what
// was said twice.
//
//            kept                   next
//     ────────┬──────────────────────┬ ─ ─ hole ─ ─ ┬──────────┬ ─ ─ ─ ┬──────┬
//     handed on and acknowledged     │              │  early   │       │ early│
//             └ not acknowledged yet ┘              └──────────┘       └──────┘
//
// Knows nothing of sequence numbers, flags and windows: that is tcp_stream.cpp.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "base/batch.h"
#include "base/buffer.h"
#include "base/problem.h"
#include "base/time.h"
#include "flow/stream_chunk.h"
#include "flow/stretch.h"
#include "flow/tcp_limits.h"

namespace umbratap::flow {

/// Which packet makes chunks known. `time` is bounded().
struct Moment {
    Time time;
    std::uint64_t packet_number = 0;
};

class HalfStream {
public:
    static constexpr std::uint64_t unknown = std::numeric_limits<std::uint64_t>::max();

    explicit HalfStream(Direction direction) noexcept : direction_(direction) {}

    /// Takes payload that begins at `offset`. `cut` bytes behind it were on the wire but not
    /// captured.
    Problem take(const TcpLimits& limits, Budget& budget, Moment moment, std::uint64_t offset,
                 Bytes data, std::uint32_t cut, Batch<StreamChunk>& out) noexcept;
    /// The same for payload that the receiver will most likely refuse, for its checksum or for
    /// lying too far ahead. It is set aside, and taken if the receiver acknowledges it all the same
    /// and nothing better came.
    void set_aside(const TcpLimits& limits, Budget& budget, std::uint64_t offset, Bytes data,
                   std::uint32_t cut) noexcept;
    /// The stream ends at `offset`. Ends it now, if all before has come.
    Problem take_end(Moment moment, std::uint64_t offset, Batch<StreamChunk>& out) noexcept;
    /// The receiver has all before `offset`.
    void acknowledge(Moment moment, std::uint64_t offset) noexcept;
    /// Gives up holes that were waited for long enough.
    Problem check_wait(const TcpLimits& limits, Budget& budget, Moment moment,
                       Batch<StreamChunk>& out) noexcept;
    /// Gives up all holes and ends.
    void finish(const TcpLimits& limits, Budget& budget, Moment moment,
                Batch<StreamChunk>& out) noexcept;
    /// Frees what chunks of the last push pointed to.
    void release() noexcept;

    std::uint64_t next() const noexcept { return next_; }
    std::uint64_t acknowledged() const noexcept { return acknowledged_; }
    bool ended() const noexcept { return ended_; }
    bool one_sided() const noexcept { return one_sided_; }
    bool empty() const noexcept { return next_ == 0 && !has_early(); }
    TcpCounts& counts() noexcept { return counts_; }
    const TcpCounts& counts() const noexcept { return counts_; }

private:
    /// A piece behind a hole.
    struct Early {
        Stretch bytes;
        std::uint32_t cut = 0;  // bytes behind it that are known not to have been captured
        Time since;             // how long the hole before it is known
    };
    using EarlyPieces = std::map<std::uint64_t, Early>;

    /// What only a stream in trouble, or with bytes on their way, needs.
    struct Extras {
        explicit Extras(Budget& shared, std::uint64_t next) noexcept
            : budget(shared), kept(shared, next) {}
        ~Extras();
        Budget& budget;
        Stretch kept;
        EarlyPieces early, doubtful;
        std::uint64_t doubtful_bytes = 0;
        Time advanced;      // when bytes came in order last while others were early
        Time acknowledged;  // when the receiver said first that it has bytes of the hole
        bool hole_acknowledged = false;
        bool receiver_waits = false;  // since there is a hole, the receiver was seen to ask for it
        // What chunks of this push point to.
        std::vector<EarlyPieces::node_type> delivered;
        std::vector<std::vector<std::uint8_t>> alternates;
    };
    /// The arguments that all steps of one push share.
    struct Push {
        const TcpLimits& limits;
        Budget& budget;
        Moment moment;
        Batch<StreamChunk>& out;
        Problem problem{};
    };

    void take_payload(Push& push, std::uint64_t offset, Bytes data, std::uint32_t cut);
    void take_doubtful(Push& push, bool without_acknowledgement);
    void drop_first_doubtful() noexcept;
    bool has_early() const noexcept { return extras_ && !extras_->early.empty(); }
    Extras& extras(Budget& budget);
    StreamChunk& append_chunk(Push& push) noexcept;
    void deliver(Push& push, Bytes data, std::uint64_t cut_end);
    void deliver_data(Push& push, Bytes data);
    void deliver_first_early(Push& push, Bytes after);
    void deliver_missing(Push& push, std::uint64_t count);
    void give_up_first_hole(Push& push);
    void keep(Push& push, Bytes first, Bytes other);
    void compare_delivered(Push& push, std::uint64_t offset, Bytes data, Bytes after);
    void compare_early(Push& push, Early& piece, std::uint64_t offset, Bytes data) noexcept;
    void count_comparison(Push& push, Stretch::Comparison comparison, std::uint64_t bytes) noexcept;
    void append_alternate(Push& push, std::uint64_t offset, Bytes before, Bytes reading,
                          Bytes after);
    const char* lacks_room(const Push& push, std::size_t bytes) const noexcept;
    void insert_early(Push& push, std::uint64_t offset, Bytes data, std::uint32_t cut);
    void store_early(Push& push, std::uint64_t offset, Bytes first, Bytes other, std::uint32_t cut);
    Problem after_end(Push& push, std::uint64_t offset, Bytes& data, std::uint32_t& cut);
    void end_if_reached(Push& push) noexcept;

    std::uint64_t next_ = 0;  // all before was handed on, or given up
    std::uint64_t acknowledged_ = 0;
    std::uint64_t end_ = unknown;  // where FIN lies
    std::unique_ptr<Extras> extras_;
    TcpCounts counts_;
    std::uint32_t alternate_bytes_ = 0;
    Direction direction_;
    bool ended_ = false;
    bool one_sided_ = true;  // no acknowledgement was seen
};

}  // namespace umbratap::flow
