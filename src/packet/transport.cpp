// TCP, UDP and their like: ports, flags, and where the payload begins.
//
// Where the header itself is broken or cut, transport and ports are kept, and the segment is left
// empty and without flags: nobody can take what follows for a place in a stream.
#include "packet/walk.h"

namespace umbratap::packet {
namespace {

/// The segment is what is left, behind a header of `header_length` bytes.
void take_segment(Walk& walk, std::size_t header_length) noexcept {
    walk.packet.segment = walk.rest;
    walk.packet.segment_length = static_cast<std::uint32_t>(walk.on_wire());
    walk.packet.header_length = static_cast<std::uint8_t>(header_length);
}

void take_ports(Walk& walk) noexcept {
    if (!walk.has(4)) return;
    walk.packet.source_port = big_endian_16(walk.at());
    walk.packet.target_port = big_endian_16(walk.at() + 2);
}

Step whole(Walk& walk, Transport transport, std::size_t header_length,
           const char* too_short) noexcept {
    walk.packet.transport = transport;
    if (!walk.has(header_length)) return walk.too_short(too_short);
    take_segment(walk, header_length);
    return finished;
}

}  // namespace

/// RFC 9293, 3.1:
///
///    0       source port 2, target port 2
///    4       sequence number 4, acknowledgement number 4
///   12       header length 4 bits (in words), reserved 4, flags 8, window 2
///   16       checksum 2, urgent pointer 2, options
Step tcp(Walk& walk) noexcept {
    Packet& packet = walk.packet;
    packet.transport = Transport::tcp;
    take_ports(walk);
    if (!walk.has(20)) return walk.too_short("tcp.too_short");
    const std::uint8_t* header = walk.at();
    const std::size_t header_length = 4 * (header[12] >> 4);
    if (header_length < 20 || header_length > walk.on_wire()) {
        return walk.stop("tcp.bad_header_length");
    }
    packet.tcp_sequence = big_endian_32(header + 4);
    packet.tcp_acknowledgement = big_endian_32(header + 8);
    packet.tcp_flags = header[13];
    packet.tcp_window = big_endian_16(header + 14);
    take_segment(walk, header_length);
    return finished;
}

/// RFC 768: | source port 2 | target port 2 | length 2 | checksum 2 |. Length 0 is for what is
/// longer than 64 KiB (RFC 2675, 4).
Step udp(Walk& walk) noexcept {
    Packet& packet = walk.packet;
    packet.transport = Transport::udp;
    take_ports(walk);
    if (!walk.has(8)) return walk.too_short("udp.too_short");
    const std::size_t length = big_endian_16(walk.at() + 4);
    if (length == 0 ? walk.on_wire() <= 0xffff : length < 8) return walk.stop("udp.bad_length");
    if (length > walk.on_wire()) {
        walk.blame("udp.bad_length");
    } else if (length > 0) {
        walk.trim(length);
    }
    take_segment(walk, 8);
    Step::Layer tunnel = layer_of_udp_port(packet.target_port);
    if (!tunnel) tunnel = layer_of_udp_port(packet.source_port);
    if (tunnel) walk.skip(8);
    return {tunnel};
}

Step icmp(Walk& walk) noexcept {
    return whole(walk, Transport::icmp, 8, "icmp.too_short");
}

Step icmp_v6(Walk& walk) noexcept {
    return whole(walk, Transport::icmp_v6, 8, "icmp.too_short");
}

Step sctp(Walk& walk) noexcept {
    take_ports(walk);
    return whole(walk, Transport::sctp, 12, "sctp.too_short");
}

Step other_transport(Walk& walk) noexcept {
    return whole(walk, Transport::other, 0, "");
}

}  // namespace umbratap::packet
