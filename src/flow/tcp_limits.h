// What the TCP reassembler may keep and wait for, and what it counts.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace umbratap::flow {

struct TcpLimits {
    std::uint32_t early_bytes_max = 256 * 1024;  ///< per direction: bytes kept behind a hole
    std::uint32_t early_segments_max = 3072;     ///< per direction: pieces that do not touch
    /// Packet time after which a hole is given up, unless the receiver is seen to wait for it too.
    Duration hole_wait_max = std::chrono::seconds(10);
    /// The same once the receiver has acknowledged bytes of it: nobody will send them again.
    Duration hole_wait_acknowledged_max = std::chrono::milliseconds(500);
    /// Per direction: bytes handed on and not acknowledged that are kept to compare retransmissions
    /// with; a quarter of it at least.
    std::uint32_t overlap_bytes_kept = 16 * 1024;
    std::uint32_t alternate_bytes_max = 64 * 1024;  ///< per direction: other readings handed on
    /// Per direction: bytes set aside that the receiver will most likely refuse.
    std::uint32_t doubtful_bytes_max = 64 * 1024;
    bool verify_checksums =
        true;  ///< off: segments with a wrong checksum are taken, and not counted
};

/// What is to be said of a connection when it ends, and what `stats.payload` needs. Every payload
/// byte that was pushed (by its length on the wire) is exactly one of: delivered in a chunk that is
/// no `alternate`, or one of those marked *.
struct TcpCounts {
    std::uint64_t missing = 0;  ///< bytes of the stream that never came, or came too late
    std::uint64_t duplicate =
        0;  ///< * came again; equal to the first, or nothing is left to compare it with
    std::uint64_t conflicting = 0;  ///< * came again and differed
    std::uint64_t discarded = 0;  ///< * not taken: bad checksum, outside the window, behind the end
    std::uint64_t not_captured =
        0;  ///< * cut off by the snap length; also `missing`, if they never came whole
    std::uint64_t waiting = 0;  ///< * early or set aside, now; becomes one of the others
    std::uint32_t bad_checksums =
        0;  ///< segments not taken for it, unless they were acknowledged all the same
    std::uint32_t ignored_checksums = 0;  ///< segments with a wrong checksum that were taken: left
                                          ///< to the interface, or all before were wrong too
};

}  // namespace umbratap::flow
