// Puts IP fragments together (RFC 791, 3.2; RFC 8200, 4.5; RFC 5722 for overlaps).
#pragma once

#include <cstdint>
#include <memory>

#include "base/batch.h"
#include "base/buffer.h"
#include "base/problem.h"
#include "packet/packet.h"

namespace umbratap::flow {

struct FragmentLimits {
    std::uint64_t bytes_max = 16 * 1024 * 1024;  ///< kept in all
    std::uint32_t datagrams_max = 4096;  ///< incomplete at a time; the oldest is forgotten first
    Duration wait_max = std::chrono::seconds(30);  ///< packet time
};

struct FragmentCounts {
    std::uint64_t fragments = 0;  ///< seen
    std::uint64_t completed = 0;  ///< datagrams put together
    std::uint64_t forgotten = 0;  ///< datagrams given up: too old, too many, or too large
};

class Fragments {
public:
    explicit Fragments(const FragmentLimits& limits) noexcept;
    ~Fragments();

    /// Takes a packet whose `fragment` is set. Appends the datagram (an IP packet without
    /// fragmentation, to be given to packet::decode_network) once it is complete; it lives until
    /// the next push. A conflicting overlap is a Problem; the first arrival wins.
    Problem push(const packet::Packet& packet, Batch<Bytes>& out) noexcept;

    const FragmentCounts& counts() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::flow
