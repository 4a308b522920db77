// Wrappers that are UDP to a well-known port: VXLAN, GENEVE, GTP-U.
//
// A port proves nothing: anything may be sent to 4789. So each of them looks at its own header and
// at the beginning of what it claims to hold, and unless both make sense the packet stays the UDP
// packet that it is. That is no problem.
#include "packet/walk.h"

namespace umbratap::packet {
namespace {

Step believe(Walk& walk, Tunnel kind, std::size_t header_length, Step::Layer layer) noexcept {
    if (!walk.wrap(kind)) return finished;
    walk.skip(header_length);
    return {layer};
}

bool plausible(Step::Layer layer, Bytes bytes) noexcept {
    if (layer == ethernet) return plausible_ethernet(bytes);
    if (layer == ipv4) return plausible_ip(bytes) && bytes[0] >> 4 == 4;
    if (layer == ipv6) return plausible_ip(bytes) && bytes[0] >> 4 == 6;
    return layer != nullptr;
}

/// RFC 7348, 5: the flag I, a network of 24 bits, an Ethernet frame. Other flags belong to
/// extensions (group policy), and what is reserved is to be ignored, here as in GENEVE.
///
///   | flags 1 | 3 | network 3 | reserved 1 |
Step vxlan(Walk& walk) noexcept {
    if (!walk.has(8) || !(walk.at()[0] & 0x08)) return finished;
    if (!plausible_ethernet(walk.rest.subspan(8))) return finished;
    return believe(walk, Tunnel::vxlan, 8, ethernet);
}

/// The generic protocol extension of VXLAN (draft-ietf-nvo3-vxlan-gpe, 3): the flag P, and byte 3
/// says what follows.
Step vxlan_gpe(Walk& walk) noexcept {
    if (!walk.has(8) || (walk.at()[0] & 0xfc) != 0x0c) return vxlan(walk);
    constexpr Step::Layer layers[] = {nullptr, ipv4, ipv6, ethernet, nsh};
    const std::uint8_t next = walk.at()[3];
    const Step::Layer layer = next < std::size(layers) ? layers[next] : nullptr;
    return plausible(layer, walk.rest.subspan(8)) ? believe(walk, Tunnel::vxlan, 8, layer)
                                                  : finished;
}

/// RFC 8926, 3.4:
///
///   | version 2 bits, options length 6 (in words) | O, C, reserved 6 | protocol 2 | network 3 |
///   reserved 1 | options |
Step geneve(Walk& walk) noexcept {
    if (!walk.has(8) || walk.at()[0] >> 6 != 0) return finished;
    const std::size_t length = 8 + 4 * (walk.at()[0] & 0x3f);
    if (!walk.has(length)) return finished;
    const Step::Layer layer = layer_of_ether_type(big_endian_16(walk.at() + 2));
    if (!plausible(layer, walk.rest.subspan(length))) return finished;
    return believe(walk, Tunnel::geneve, length, layer);
}

/// Length of the GTP-U header and its extension headers (3GPP TS 29.281, 5.1 and 5.2); 0 if it
/// makes no sense. The last byte of each extension names the next one, and 0 ends them.
///
///   | version 3 bits, PT, 0, E, S, PN | type 1 | length 2, without the first 8 bytes | tunnel 4 |
///   if any of E, S, PN: | sequence number 2 | N-PDU 1 | next extension 1 | and per extension
///   | length 1, in words | ... | next extension 1 |
std::size_t gtp_u_header_length(Bytes bytes) noexcept {
    constexpr int extensions_max = 8;
    if (bytes.size() < 12) return 0;
    if (!(bytes[0] & 0x07)) return 8;
    std::size_t length = 12;
    if (!(bytes[0] & 0x04)) return length;
    for (int count = 0; bytes[length - 1] != 0; ++count) {
        if (count == extensions_max || length >= bytes.size() || bytes[length] == 0) return 0;
        length += 4 * std::size_t{bytes[length]};
        if (length > bytes.size()) return 0;
    }
    return length;
}

Step gtp_u(Walk& walk) noexcept {
    constexpr std::uint8_t user_packet = 0xff;
    if (!walk.has(12) || (walk.at()[0] & 0xf8) != 0x30 || walk.at()[1] != user_packet)
        return finished;
    const std::size_t header_length = gtp_u_header_length(walk.rest);
    const std::size_t length = std::size_t{8} + big_endian_16(walk.at() + 2);
    if (header_length == 0 || length < header_length || length > walk.on_wire()) return finished;
    if (!plausible_ip(walk.rest.subspan(header_length))) return finished;
    walk.trim(length);
    return believe(walk, Tunnel::gtp_u, header_length, ip);
}

struct Row {
    std::uint16_t port;
    Step::Layer layer;
};

constexpr Row rows[] = {
    {4789, vxlan},     {8472, vxlan},  // what Linux took before there was a number
    {4790, vxlan_gpe}, {6081, geneve}, {2152, gtp_u},
};

}  // namespace

Step::Layer layer_of_udp_port(std::uint16_t port) noexcept {
    for (const Row& row : rows) {
        if (row.port == port) return row.layer;
    }
    return nullptr;
}

}  // namespace umbratap::packet
