// The outermost header: what a capture's link type says frames begin with
// (tcpdump.org/linktypes.html).
#include <iterator>

#include "packet/walk.h"

namespace umbratap::packet {
namespace {

// Address families as the BSDs, Darwin and Linux number them.
Step by_address_family(std::uint32_t family) noexcept {
    switch (family) {
        case 2:
            return {ipv4};
        case 10:
        case 24:
        case 28:
        case 30:
            return {ipv6};
        default:
            return finished;
    }
}

/// BSD loopback: the address family in 4 bytes, in the order of whichever machine captured; or,
/// from some machines, an EtherType in the last two.
Step loopback(Walk& walk) noexcept {
    if (!walk.has(4)) return walk.too_short("link.too_short");
    const std::uint32_t family = little_endian_32(walk.at());
    const std::uint16_t type = big_endian_16(walk.at() + 2);
    walk.skip(4);
    if (type >= 0x0600 && layer_of_ether_type(type)) return {layer_of_ether_type(type)};
    return by_address_family(family > 0xffff ? __builtin_bswap32(family) : family);
}

/// OpenBSD enc: family, SPI, flags (4 bytes each), then IP.
Step enc(Walk& walk) noexcept {
    if (!walk.has(12)) return walk.too_short("link.too_short");
    const std::uint32_t family = little_endian_32(walk.at());
    walk.skip(12);
    return by_address_family(family > 0xffff ? __builtin_bswap32(family) : family);
}

/// pf log: the first byte is the header's length without its padding to a multiple of 4.
Step pf_log(Walk& walk) noexcept {
    if (!walk.has(4)) return walk.too_short("link.too_short");
    const std::size_t length = (std::size_t{walk.at()[0]} + 3) & ~std::size_t{3};
    if (length < 4 || !walk.has(length)) return walk.too_short("link.too_short");
    walk.skip(length);
    return {ip};
}

// Linux cooked captures:
//
//   v1  | type 2 | ARPHRD 2 | address length 2 | address 8 | protocol 2 |
//   v2  | protocol 2 | reserved 2 | interface 4 | ARPHRD 2 | type 1 | address length 1 | address 8
//   |
//
// `protocol` is an EtherType, or one of Linux' own below 0x600, of which 4 means LLC.
Step linux_cooked_protocol(std::uint16_t protocol) noexcept {
    return protocol == 4 ? Step{llc} : Step{layer_of_ether_type(protocol)};
}

Step linux_cooked(Walk& walk) noexcept {
    if (!walk.has(16)) return walk.too_short("link.too_short");
    const std::uint16_t protocol = big_endian_16(walk.at() + 14);
    walk.skip(16);
    return linux_cooked_protocol(protocol);
}

Step linux_cooked_v2(Walk& walk) noexcept {
    if (!walk.has(20)) return walk.too_short("link.too_short");
    const std::uint16_t protocol = big_endian_16(walk.at());
    walk.skip(20);
    return linux_cooked_protocol(protocol);
}

/// Cisco HDLC: address, control, EtherType.
Step cisco_hdlc(Walk& walk) noexcept {
    if (!walk.has(4)) return walk.too_short("link.too_short");
    const std::uint16_t type = big_endian_16(walk.at() + 2);
    walk.skip(4);
    return {layer_of_ether_type(type)};
}

/// PPP in HDLC-like framing (RFC 1662), or Cisco's, which begins with 0x0f or 0x8f (RFC
/// 1547, 4.3.1).
Step ppp_hdlc(Walk& walk) noexcept {
    if (!walk.has(1)) return walk.too_short("link.too_short");
    return (walk.at()[0] & 0x7f) == 0x0f ? Step{cisco_hdlc} : Step{ppp};
}

/// PPP with one byte before it that says which way the frame went. 0xff is no direction: it is the
/// address of RFC 1662.
Step ppp_with_direction(Walk& walk) noexcept {
    if (!walk.has(1)) return walk.too_short("link.too_short");
    if (walk.at()[0] != 0xff) walk.skip(1);
    return {ppp};
}

/// Frame relay (RFC 2427): an address of 2 to 4 bytes, then UI and NLPID; or Cisco's, with an
/// EtherType instead.
Step frame_relay(Walk& walk) noexcept {
    std::size_t address = 1;
    while (address <= 4 && walk.has(address) && (walk.at()[address - 1] & 1) == 0) ++address;
    if (!walk.has(address + 2)) return walk.too_short("link.too_short");
    if (address < 2 || address > 4) return walk.stop("link.bad_frame_relay_address");
    walk.skip(address);
    if (walk.at()[0] != 0x03) {
        const std::uint16_t type = big_endian_16(walk.at());
        walk.skip(2);
        return {layer_of_ether_type(type)};
    }
    walk.skip(walk.at()[1] == 0 && walk.has(3) ? 2 : 1);
    const std::uint8_t network_layer = walk.at()[0];
    walk.skip(1);
    if (network_layer == 0xcc) return {ipv4};
    if (network_layer == 0x8e) return {ipv6};
    if (network_layer != 0x80 || !walk.has(5) || big_endian_24(walk.at()) != 0) return finished;
    const std::uint16_t type = big_endian_16(walk.at() + 3);
    walk.skip(5);
    return {layer_of_ether_type(type)};
}

/// Linux netfilter log: family, version, id, then fields of | length 2 | type 2 | value | padding
/// to 4 |, little-endian but for captures of big-endian machines. Field 9 is the packet.
Step netfilter_log(Walk& walk) noexcept {
    constexpr std::uint16_t payload = 9;
    if (!walk.has(4)) return walk.too_short("link.too_short");
    walk.skip(4);
    while (walk.has(4)) {
        const std::size_t length = little_endian_16(walk.at());
        const std::uint16_t type = little_endian_16(walk.at() + 2);
        if (length < 4) return walk.stop("link.bad_netfilter_log");
        if (type == payload) {
            if (!walk.trim(length)) walk.blame("link.bad_netfilter_log");
            walk.skip(4);
            return {ip};
        }
        const std::size_t padded = (length + 3) & ~std::size_t{3};
        if (!walk.has(padded)) break;
        walk.skip(padded);
    }
    return walk.cut > 0 ? walk.too_short("link.too_short") : finished;
}

struct Row {
    std::uint16_t link_type;
    Step::Layer layer;
};

constexpr Row rows[] = {
    {1, ethernet},
    {113, linux_cooked},
    {276, linux_cooked_v2},
    {101, ip},  // raw IP; 12 and 14 are what some systems wrote for it
    {12, ip},
    {14, ip},
    {228, ipv4},
    {229, ipv6},
    {0, loopback},
    {108, loopback},  // OpenBSD's, always in network order
    {9, ppp},
    {50, ppp_hdlc},
    {51, pppoe},
    {104, cisco_hdlc},
    {107, frame_relay},
    {109, enc},
    {117, pf_log},
    {166, ppp_with_direction},
    {204, ppp_with_direction},
    {239, netfilter_log},
};

}  // namespace

Step::Layer layer_of_link_type(std::uint16_t link_type) noexcept {
    for (const Row& row : rows) {
        if (row.link_type == link_type) return row.layer;
    }
    return nullptr;
}

}  // namespace umbratap::packet
