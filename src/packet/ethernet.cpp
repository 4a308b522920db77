// Ethernet, its tags, and what an EtherType leads to.
//
//   | target 6 | source 6 | EtherType 2 | payload
//   | target 6 | source 6 | TPID 2 | VLAN tag 2 | EtherType 2 | payload        IEEE 802.1Q, any
//   number of tags | target 6 | source 6 | length 2 | LLC 3 | SNAP: OUI 3, type 2 | payload   IEEE
//   802.3, below 0x600
#include "packet/walk.h"

namespace umbratap::packet {
namespace {

/// A tag that only says something about the frame: `length` bytes behind its own type, the last two
/// of which are the type of what follows.
template <std::size_t length>
Step tag(Walk& walk) noexcept {
    if (!walk.has(length)) return walk.too_short("link.too_short");
    if (!walk.wrap()) return finished;
    const std::uint16_t type = big_endian_16(walk.at() + length - 2);
    walk.skip(length);
    return ether_type_or_length(walk, type);
}

Step vlan(Walk& walk) noexcept {
    if (!walk.has(4)) return walk.too_short("vlan.too_short");
    const std::uint16_t id = big_endian_16(walk.at()) & 0x0fff;
    if (id != 0) {
        if (walk.vlans[1] != no_vlan) walk.vlans[0] = walk.vlans[1];
        walk.vlans[walk.vlans[0] == no_vlan ? 0 : 1] = id;
    }
    return tag<4>(walk);
}

/// A whole Ethernet frame behind a tag of `length` bytes.
template <std::size_t length>
Step tagged_frame(Walk& walk) noexcept {
    if (!walk.has(length)) return walk.too_short("link.too_short");
    if (!walk.wrap()) return finished;
    walk.skip(length);
    return {ethernet};
}

/// TRILL (RFC 6325, 3): | version 2 bits, reserved 2, multi-destination 1, options length 5, hops 6
/// | nicknames 4 |.
Step trill(Walk& walk) noexcept {
    if (!walk.has(6)) return walk.too_short("link.too_short");
    const std::size_t length = 6 + 4 * (big_endian_16(walk.at()) >> 6 & 0x1f);
    if (!walk.has(length)) return walk.too_short("link.too_short");
    if (!walk.wrap()) return finished;
    walk.skip(length);
    return {ethernet};
}

struct Row {
    std::uint16_t ether_type;
    Step::Layer layer;
};

constexpr Row rows[] = {
    {0x0800, ipv4},
    {0x86dd, ipv6},
    {0x8100, vlan},  // IEEE 802.1Q
    {0x88a8, vlan},  // IEEE 802.1ad
    {0x9100, vlan},
    {0x9200, vlan},
    {0x8847, mpls},
    {0x8848, mpls},  // multicast, or upstream-assigned labels
    {0x8864, pppoe},
    {0x880b, ppp},
    {0x6558, ethernet},         // transparent Ethernet bridging
    {0x894f, nsh},              // network service header (RFC 8300)
    {0x88e7, tagged_frame<4>},  // IEEE 802.1ah, provider backbone
    {0x8903, tagged_frame<2>},  // Cisco FabricPath
    {0x22f3, trill},
    {0x8926, tag<6>},  // VN-Tag
    {0x893f, tag<8>},  // IEEE 802.1BR, E-Tag
    {0x8909, tag<8>},  // Cisco metadata
    {0x892f, tag<6>},  // HSR (IEC 62439-3)
    {0x8870, llc},     // a long frame with LLC, IEEE 802.1AC
};

}  // namespace

Step::Layer layer_of_ether_type(std::uint16_t ether_type) noexcept {
    for (const Row& row : rows) {
        if (row.ether_type == ether_type) return row.layer;
    }
    return nullptr;
}

Step ether_type_or_length(Walk& walk, std::uint16_t field) noexcept {
    if (field >= 0x0600) return {layer_of_ether_type(field)};
    if (field > 1500) return finished;  // neither one nor the other
    walk.trim(field);
    return {llc};
}

Step ethernet(Walk& walk) noexcept {
    if (!walk.has(14)) return walk.too_short("link.too_short");
    const std::uint16_t type = big_endian_16(walk.at() + 12);
    walk.skip(14);
    return ether_type_or_length(walk, type);
}

/// LLC (IEEE 802.2) holds IP behind a SNAP header (RFC 1042), or straight away behind SAP 6. All
/// else is no IP.
Step llc(Walk& walk) noexcept {
    if (!walk.has(3)) return finished;
    const std::uint32_t header = big_endian_24(walk.at());
    if (header == 0x060603) {
        walk.skip(3);
        return {ipv4};
    }
    if (header != 0xaaaa03 || !walk.has(8)) return finished;
    const std::uint32_t organization = big_endian_24(walk.at() + 3);
    const std::uint16_t type = big_endian_16(walk.at() + 6);
    if (organization != 0 && organization != 0x0000f8) return finished;  // RFC 1042, IEEE 802.1H
    walk.skip(8);
    return type < 0x0600 ? finished : Step{layer_of_ether_type(type)};
}

bool plausible_ethernet(Bytes bytes) noexcept {
    if (bytes.size() < 14) return false;
    const std::uint16_t type = big_endian_16(bytes.data() + 12);
    if (type == 0x0800 || type == 0x86dd) {
        const Bytes inner = bytes.subspan(14);
        return plausible_ip(inner) && inner[0] >> 4 == (type == 0x0800 ? 4 : 6);
    }
    if (type < 0x0600) {
        return bytes.size() >= 22 && big_endian_32(bytes.data() + 14) == 0xaaaa0300;
    }
    return layer_of_ether_type(type) != nullptr;
}

}  // namespace umbratap::packet
