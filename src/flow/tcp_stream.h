// Puts the segments of one TCP connection in order, both directions.
//
// A hole is a fact (StreamChunk::missing), never text in the stream. The first arrival wins where segments overlap;
// a conflicting overlap is a Problem, and the other reading is handed on as chunks marked `alternate`, up to a budget.
// See tcp_stream.cpp for the rules on holes, RST and FIN, checksums and midstream starts.
#pragma once

#include <cstdint>
#include <memory>

#include "base/batch.h"
#include "base/buffer.h"
#include "base/problem.h"
#include "flow/stream_chunk.h"
#include "packet/packet.h"

namespace umbratap::flow {

struct TcpLimits {
    std::uint32_t early_bytes_max = 256 * 1024;     ///< per direction: bytes kept behind a hole
    std::uint32_t early_segments_max = 3072;        ///< per direction
    Duration hole_wait_max = std::chrono::seconds(10);       ///< packet time after which a hole is given up
    Duration hole_wait_acknowledged_max = std::chrono::milliseconds(500);  ///< the same once the receiver has acknowledged it
    std::uint32_t overlap_bytes_kept = 16 * 1024;   ///< per direction: delivered bytes kept to compare retransmissions with
    std::uint32_t alternate_bytes_max = 64 * 1024;  ///< per direction: other readings handed on
};

/// What is to be said of a connection when it ends, and what `stats.payload` needs.
struct TcpCounts {
    std::uint64_t missing = 0;          ///< bytes that never came
    std::uint64_t duplicate = 0;        ///< payload bytes that came again, equal to the first
    std::uint64_t conflicting = 0;      ///< payload bytes that came again and differed
    std::uint64_t discarded = 0;        ///< payload bytes not taken: bad checksum, outside the window, behind the end
    std::uint32_t bad_checksums = 0;    ///< segments discarded for it
    std::uint32_t ignored_checksums = 0;  ///< segments with a wrong checksum that were taken, since all of the direction are wrong
};

class TcpStream {
public:
    TcpStream(const TcpLimits& limits, Budget& budget) noexcept;
    ~TcpStream();
    TcpStream(TcpStream&&) noexcept;
    TcpStream& operator=(TcpStream&&) noexcept;

    /// Takes one segment that went in `direction`; appends what became known, in order, for either direction.
    Problem push(const packet::Packet& packet, Direction direction, Batch<StreamChunk>& out) noexcept;

    /// No more segments will come: gives up all holes and ends both directions.
    void finish(Batch<StreamChunk>& out) noexcept;

    bool closed() const noexcept;      ///< both directions ended, or reset
    bool midstream() const noexcept;   ///< the SYN of neither direction was seen
    const TcpCounts& counts(Direction direction) const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::flow
