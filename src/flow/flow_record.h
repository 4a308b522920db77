// What is remembered of every flow, also of those that nobody looks into.
#pragma once

#include <array>
#include <cstdint>

#include "flow/flow_key.h"
#include "flow/stream_chunk.h"
#include "packet/packet.h"

namespace umbratap::flow {

/// How long a flow is waited for, and in which order flows are forgotten when the table is full:
/// the first named here goes first.
enum class Standing : std::uint8_t {
    closed,     ///< ended; kept for late packets, which must not look like a new flow
    half_open,  ///< TCP: nothing but SYN and SYN-ACK yet, or a midstream start of one side without
                ///< payload
    datagram,   ///< UDP and whatever else is no TCP
    open,       ///< TCP
};
inline constexpr std::size_t standings = 4;

/// Plain fields: the table writes them, the engine reads them. `shunted` and `fate` are the
/// engine's own.
struct FlowRecord {
    // What every packet touches comes first.
    FlowKey key;
    Standing standing = Standing::half_open;
    bool client_is_low : 1 = false;
    bool client_seen : 1 = false, server_seen : 1 = false;  ///< packets came from there
    bool syn_seen : 1 = false;  ///< a SYN or SYN-ACK: the begin of the connection was seen
    bool client_fin_seen : 1 = false, server_fin_seen : 1 = false;
    bool ended : 1 = false;        ///< Table::close was called
    bool syn_waiting : 1 = false;  ///< a SYN with another initial sequence came amid the connection
    bool waiting_is_low : 1 = false;  ///< from which side it came
    bool shunted = false;             ///< for the engine: not looked into any longer
    std::array<std::array<std::uint16_t, 2>, 2> vlans{};  ///< by Direction; where a packet was seen
    std::uint8_t fate = 0;  ///< for the engine: what all further bytes are counted as
    packet::Tunnel tunnel = packet::Tunnel::none;  ///< of the first packet
    Time last_time;                                ///< the greatest of the times of its packets
    std::uint64_t last_sequence = 0;               ///< place in the run of its last packet
    std::uint64_t last_packet_number = 0;
    std::array<std::uint64_t, 2> packets{};  ///< by Direction
    std::array<std::uint64_t, 2> bytes{};    ///< of IP packets, by Direction

    Time first_time;  ///< of the first packet
    std::uint64_t first_packet_number = 0;
    const capture::Origin* origin = nullptr;     ///< of the first packet
    std::uint32_t client_initial_sequence = 0;   ///< where `syn_seen`
    std::uint32_t waiting_initial_sequence = 0;  ///< where `syn_waiting`

    packet::Endpoint client() const noexcept { return endpoint(client_is_low); }
    packet::Endpoint server() const noexcept { return endpoint(!client_is_low); }
    Direction direction_of(bool source_is_low) const noexcept {
        return source_is_low == client_is_low ? Direction::to_server : Direction::to_client;
    }

    /// How well a packet with the same ends fits by its VLANs. Directions of one flow may be
    /// captured in different VLANs; within one direction they stay the same, else it is the flow of
    /// someone who has the same addresses.
    enum class Fit : std::uint8_t {
        none,
        perhaps,   ///< the first packet of its direction
        probably,  ///< the same, and in the VLANs of the other direction
        exactly
    };
    Fit fit(const packet::Packet& packet, bool source_is_low) const noexcept {
        const Direction direction = direction_of(source_is_low);
        const bool to_server = direction == Direction::to_server;
        if (to_server ? client_seen : server_seen) {
            return vlans[index(direction)] == packet.vlans ? Fit::exactly : Fit::none;
        }
        return vlans[index(opposite(direction))] == packet.vlans ? Fit::probably : Fit::perhaps;
    }

    /// A new flow begins with `packet`. Sets who is the client, but does not count the packet.
    void begin(const DirectedKey& directed, const packet::Packet& packet) noexcept;
    /// Does `packet`, which has this key, begin a new connection between the same ports? Remembers
    /// a SYN that may.
    bool is_reused_by(const packet::Packet& packet, bool source_is_low) noexcept;
    /// Counts `packet` and follows the state of the connection. Returns the standing that the flow
    /// has now; `standing` itself is left to the table, which keeps its lists by it.
    Standing count(const packet::Packet& packet, Direction direction, std::uint64_t sequence,
                   bool looked_into) noexcept;

private:
    packet::Endpoint endpoint(bool low) const noexcept {
        return low ? packet::Endpoint{key.low, key.low_port}
                   : packet::Endpoint{key.high, key.high_port};
    }
    Standing standing_after(const packet::Packet& packet, Direction direction,
                            bool looked_into) noexcept;
};

}  // namespace umbratap::flow
