// Ordered bytes of one direction of a connection: what tls and http are fed with.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/time.h"

namespace umbratap::flow {

enum class Direction : std::uint8_t { to_server = 0, to_client = 1 };

constexpr Direction opposite(Direction direction) noexcept {
    return direction == Direction::to_server ? Direction::to_client : Direction::to_server;
}
constexpr std::size_t index(Direction direction) noexcept {
    return static_cast<std::size_t>(direction);
}

/// Either bytes that came (`data`, in order, each byte once), or a hole (`missing` bytes that never
/// came), or the end.
struct StreamChunk {
    Time time;
    std::uint64_t packet_number = 0;  ///< of the packet that made this chunk known
    Bytes data;                       ///< lives until the next push
    std::uint64_t offset =
        0;  ///< of the first byte (or of the hole) in the stream; the byte after SYN is 0
    std::uint64_t missing =
        0;  ///< a hole of this many bytes begins at `offset`; `data` is empty then
    Direction direction = Direction::to_server;
    bool end = false;  ///< nothing follows in this direction (FIN, RST, given up, capture over)
    bool alternate =
        false;  ///< the other reading of a conflicting overlap; outside the stream, within a budget
};

}  // namespace umbratap::flow
