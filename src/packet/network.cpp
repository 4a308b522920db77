// IPv4 and IPv6. Every length is checked; what is behind the length is cut off.
#include <array>

#include "packet/walk.h"

namespace umbratap::packet {
namespace {

constexpr std::size_t ipv4_header = 20, ipv6_header = 40;

/// The IP header at the front of `walk` is sound: from here on the packet is that of this header.
void begin_packet(Walk& walk, bool v6, const Address& source, const Address& target,
                  std::uint8_t hop_limit) noexcept {
    Packet& packet = walk.packet;
    if (walk.outer_address) clear_transport(packet);  // a UDP packet, say, that is a tunnel
    walk.outer_address = true;
    walk.v6 = v6;
    walk.extension_headers = 0;
    packet.source = source;
    packet.target = target;
    packet.hop_limit = hop_limit;
    packet.network = walk.rest;
    packet.tunnel = walk.tunnel;
    packet.vlans = walk.vlans;
}

/// The one's complement sum over the header and its checksum is 0xffff (RFC 1071). `words` 32-bit
/// words.
bool checksum_right(const std::uint8_t* header, std::size_t words) noexcept {
    std::uint64_t sum = std::uint64_t{little_endian_32(header)} + little_endian_32(header + 4) +
                        little_endian_32(header + 8) + little_endian_32(header + 12) +
                        little_endian_32(header + 16);
    for (std::size_t i = 5; i < words; ++i) sum += little_endian_32(header + 4 * i);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return ((sum & 0xffff) + (sum >> 16)) == 0xffff;
}

/// A packet on a source route names its next stop as target, and the true one last in its option
/// (RFC 791, 3.1; the transport checksum covers that one):
///
///   | 131 or 137 | length 1 | pointer 1, to the next of | addresses, 4 each |
Address target_of(const std::uint8_t* header, std::size_t header_length) noexcept {
    constexpr std::uint8_t end_of_options = 0, no_operation = 1, loose_route = 131,
                           strict_route = 137;
    for (std::size_t at = ipv4_header; at + 2 <= header_length && header[at] != end_of_options;) {
        if (header[at] == no_operation) {
            ++at;
            continue;
        }
        const std::size_t length = header[at + 1];
        if (length < 2 || at + length > header_length) break;
        const bool routes = header[at] == loose_route || header[at] == strict_route;
        if (routes && length >= 7 && header[at + 2] + std::size_t{3} <= length) {
            return Address::from_v4(header + at + 3 + (length - 7) / 4 * 4);
        }
        at += length;
    }
    return Address::from_v4(header + 16);
}

/// The length in a jumbo payload option (RFC 2675, 2) of the hop-by-hop header at `at`; 0 without
/// one.
std::uint32_t jumbo_length(Bytes header) noexcept {
    constexpr std::uint8_t pad_1 = 0, jumbo = 0xc2;
    if (header.size() < 8) return 0;
    const std::size_t end = std::min<std::size_t>(header.size(), 8 * (std::size_t{header[1]} + 1));
    for (std::size_t at = 2; at + 2 <= end;) {
        if (header[at] == pad_1) {
            ++at;
            continue;
        }
        const std::size_t length = header[at + 1];
        if (header[at] == jumbo && length == 4 && at + 6 <= end) {
            return big_endian_32(header.data() + at + 2);
        }
        at += 2 + length;
    }
    return 0;
}

/// What the header says is behind it. 0 stands for "see the jumbo payload option", and, in what a
/// machine captured of itself, for a packet larger than 64 KiB that its network card has yet to
/// cut: it goes on to the end of the frame.
std::size_t ipv6_payload_length(Walk& walk, std::uint8_t next) noexcept {
    constexpr std::uint8_t hop_by_hop = 0, no_next = 59;
    const std::size_t length = big_endian_16(walk.at() + 4);
    if (length > 0 || next == no_next) return length;
    const std::uint32_t jumbo =
        next == hop_by_hop ? jumbo_length(walk.rest.subspan(ipv6_header)) : 0;
    const std::size_t there = walk.on_wire() - ipv6_header;
    if (jumbo > there) walk.blame("ipv6.bad_length");
    return jumbo > 0 && jumbo <= there ? jumbo : there;
}

struct Row {
    std::uint8_t protocol;
    Step::Layer layer;
};

constexpr Row rows[] = {
    {6, tcp},
    {17, udp},
    {1, icmp},
    {58, icmp_v6},
    {132, sctp},
    {4, ipv4_in_ip},
    {41, ipv6_in_ip},
    {47, gre},
    {97, ethernet_in_ip},
    {137, mpls_in_ip},
    {0, hop_by_hop_header},
    {43, routing_header},
    {44, fragment_header},
    {51, authentication_header},
    {60, options_header},
    {135, options_header},  // mobility (RFC 6275), host identity (RFC 7401), shim6 (RFC 5533): of
                            // the same shape
    {139, options_header},
    {140, options_header},
};

constexpr std::array<Step::Layer, 256> layers = [] {
    std::array<Step::Layer, 256> all{};
    for (Step::Layer& layer : all) layer = other_transport;
    for (const Row& row : rows) all[row.protocol] = row.layer;
    return all;
}();

}  // namespace

Step upper_layer(Walk&, std::uint8_t protocol) noexcept {
    return {layers[protocol]};
}

/// RFC 791, 3.1:
///
///    0       version 4 bits, header length 4 bits (in words), service 1, total length 2
///    4       identification 2, flags 3 bits, fragment offset 13 bits (in 8 bytes)
///    8       time to live 1, protocol 1, checksum 2
///   12       source 4, target 4, options
Step ipv4(Walk& walk) noexcept {
    if (!walk.has(ipv4_header)) return walk.too_short("ipv4.too_short");
    const std::uint8_t* header = walk.at();
    if (header[0] >> 4 != 4) return walk.stop("ipv4.bad_version");
    const std::size_t header_length = 4 * (header[0] & 0x0f);
    if (header_length < ipv4_header) return walk.stop("ipv4.bad_header_length");
    std::size_t total_length = big_endian_16(header + 2);
    if (total_length == 0) total_length = walk.on_wire();  // as in ipv6_payload_length
    if (total_length < header_length) return walk.stop("ipv4.bad_length");
    if (!walk.trim(total_length)) walk.blame("ipv4.bad_length");
    if (!walk.has(header_length)) return walk.too_short("ipv4.too_short");

    begin_packet(walk, false, Address::from_v4(header + 12),
                 header_length == ipv4_header ? Address::from_v4(header + 16)
                                              : target_of(header, header_length),
                 header[8]);
    // 0 is what a card that computes it on the way out leaves to a capture. A wrong one is told,
    // and the packet is still handed on: the receiver drops it, but who reads a capture wants to
    // know what was in it.
    if (big_endian_16(header + 10) != 0 && !checksum_right(header, header_length / 4)) {
        walk.blame("ipv4.bad_checksum");
    }
    if ((big_endian_16(header + 6) & 0x3fff) != 0) {  // more fragments, or an offset
        walk.packet.fragment = true;
        return finished;
    }
    walk.skip(header_length);
    return upper_layer(walk, header[9]);
}

/// RFC 8200, 3:
///
///    0       version 4 bits, traffic class 8 bits, flow label 20 bits
///    4       payload length 2, next header 1, hop limit 1
///    8       source 16, target 16
Step ipv6(Walk& walk) noexcept {
    if (!walk.has(ipv6_header)) return walk.too_short("ipv6.too_short");
    const std::uint8_t* header = walk.at();
    if (header[0] >> 4 != 6) return walk.stop("ipv6.bad_version");
    const std::uint8_t next = header[6];
    if (!walk.trim(ipv6_header + ipv6_payload_length(walk, next))) walk.blame("ipv6.bad_length");
    begin_packet(walk, true, Address::from_v6(header + 8), Address::from_v6(header + 24),
                 header[7]);
    walk.skip(ipv6_header);
    return upper_layer(walk, next);
}

Step ip(Walk& walk) noexcept {
    if (!walk.has(1)) return walk.too_short("ip.too_short");
    switch (walk.at()[0] >> 4) {
        case 4:
            return {ipv4};
        case 6:
            return {ipv6};
        default:
            return walk.stop("ip.bad_version");
    }
}

bool plausible_ip(Bytes bytes) noexcept {
    if (bytes.size() >= ipv4_header && bytes[0] >> 4 == 4) {
        const std::size_t header_length = 4 * (bytes[0] & 0x0f);
        const std::size_t total_length = big_endian_16(bytes.data() + 2);
        return header_length >= ipv4_header && (total_length == 0 || total_length >= header_length);
    }
    return bytes.size() >= ipv6_header && bytes[0] >> 4 == 6;
}

bool ipv4_checksum_plausible(Bytes bytes) noexcept {
    const std::size_t words = bytes[0] & 0x0f;
    if (4 * words > bytes.size()) return false;
    return big_endian_16(bytes.data() + 10) == 0 || checksum_right(bytes.data(), words);
}

}  // namespace umbratap::packet
