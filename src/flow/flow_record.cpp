// Who is the client of a flow, and when a flow has ended or begins anew.
#include "flow/flow_record.h"

#include <algorithm>

#include "flow/bounded_time.h"

namespace umbratap::flow {

namespace {

using packet::Packet;
using packet::Transport;
namespace tcp_flag = packet::tcp_flag;

bool has(const Packet& packet, std::uint8_t flags) noexcept {
    return (packet.tcp_flags & flags) != 0;
}

/// SYN: its source. SYN-ACK: its target. Else the side with the higher port, since servers listen
/// on low ones; the sender where they are equal.
bool source_is_client(const Packet& packet) noexcept {
    if (packet.transport == Transport::tcp && has(packet, tcp_flag::syn)) {
        return !has(packet, tcp_flag::ack);
    }
    return packet.source_port >= packet.target_port;
}

/// Bytes of the IP packet, header included. Without a view of it (a datagram put together): the
/// least that it can be.
std::uint64_t ip_length(const Packet& packet) noexcept {
    if (!packet.network.empty() && packet.network.data() <= packet.segment.data()) {
        return static_cast<std::uint64_t>(packet.segment.data() - packet.network.data()) +
               packet.segment_length;
    }
    return (packet.source.is_v4() ? 20U : 40U) + packet.segment_length;
}

}  // namespace

void FlowRecord::begin(const DirectedKey& directed, const Packet& packet) noexcept {
    *this = FlowRecord{};
    key = directed.key;
    client_is_low = source_is_client(packet) == directed.source_is_low;
    tunnel = packet.tunnel;
    origin = packet.origin;
    first_time = last_time = bounded(packet.time);
    first_packet_number = packet.number;
    standing = packet.transport == Transport::tcp ? Standing::half_open : Standing::datagram;
}

bool FlowRecord::is_reused_by(const Packet& packet, bool source_is_low) noexcept {
    if (packet.transport != Transport::tcp || !has(packet, tcp_flag::syn)) return false;
    if (has(packet, tcp_flag::ack)) {
        // The SYN that waited was meant: its receiver says so. Anybody may send a SYN amid a
        // connection, and believing it at once would hide what the connection goes on to say.
        return syn_waiting && waiting_is_low != source_is_low &&
               packet.tcp_acknowledgement == waiting_initial_sequence + 1;
    }
    if (standing == Standing::closed) return true;
    if (standing == Standing::half_open) return false;  // another attempt at the same connection
    const bool from_client = source_is_low == client_is_low;
    if (syn_seen && from_client && packet.tcp_sequence == client_initial_sequence) return false;
    // Where only one direction is captured, no SYN-ACK will ever come.
    if (!(from_client ? server_seen : client_seen)) return true;
    syn_waiting = true;
    waiting_is_low = source_is_low;
    waiting_initial_sequence = packet.tcp_sequence;
    return false;
}

Standing FlowRecord::count(const Packet& packet, Direction direction, std::uint64_t sequence,
                           bool looked_into) noexcept {
    packets[index(direction)] += 1;
    bytes[index(direction)] += ip_length(packet);
    last_time = std::max(last_time, bounded(packet.time));
    last_sequence = sequence;
    vlans[index(direction)] = packet.vlans;
    last_packet_number = packet.number;
    if (packet.transport != Transport::tcp) {
        if (direction == Direction::to_server) {
            client_seen = true;
        } else {
            server_seen = true;
        }
        return Standing::datagram;
    }
    return standing_after(packet, direction, looked_into);
}

Standing FlowRecord::standing_after(const Packet& packet, Direction direction,
                                    bool looked_into) noexcept {
    const bool from_client = direction == Direction::to_server;
    if (from_client) {
        client_seen = true;
    } else {
        server_seen = true;
    }
    if (ended) return Standing::closed;
    if (has(packet, tcp_flag::syn)) {
        if (!syn_seen) {
            client_initial_sequence =
                from_client ? packet.tcp_sequence : packet.tcp_acknowledgement - 1;
            syn_seen = true;
        }
        return packet.payload_length() != 0 ? Standing::open : standing;
    }
    if (has(packet, tcp_flag::fin)) {
        if (from_client) {
            client_fin_seen = true;
        } else {
            server_fin_seen = true;
        }
    }
    if (packet.payload_length() != 0 && !has(packet, tcp_flag::fin)) return Standing::open;
    // Whoever looks into the connection knows better which RST and FIN count, and says close().
    if (!looked_into && (has(packet, tcp_flag::rst) || (client_fin_seen && server_fin_seen))) {
        return Standing::closed;
    }
    if (packet.payload_length() != 0) return Standing::open;
    if (standing == Standing::half_open && !has(packet, tcp_flag::rst) &&
        (syn_seen || (client_seen && server_seen))) {
        return Standing::open;
    }
    return standing;
}

}  // namespace umbratap::flow
