// Wrappers that are an IP protocol of their own: IP in IP, Ethernet in IP, MPLS in IP, GRE and
// ERSPAN.
//
// Until the inner packet proves to be one, the packet is the outer one, of transport `other`.
#include "packet/walk.h"

namespace umbratap::packet {
namespace {

Step inner(Walk& walk, Tunnel kind, Step::Layer layer) noexcept {
    other_transport(walk);
    return walk.wrap(kind) ? Step{layer} : finished;
}

constexpr std::uint16_t erspan_1_or_2 = 0x88be, erspan_3 = 0x22eb, wccp = 0x883e;

/// A mirror of switches: the frames they saw. Type I has no header of its own and no GRE sequence
/// number, II and III:
///
///   II   | version 4 bits, VLAN 12 | class 3 bits, en 2, T 1, session 10 | reserved 12 bits, index
///   20 | III  the first 4 the same | timestamp 4 | group 2 | P 1 bit, frame type 5, hardware 6, D
///   1, granularity 2, O 1 |
///
/// O says that 8 more bytes follow; frame type 0 is Ethernet, 2 is IP.
Step erspan(Walk& walk, std::uint16_t protocol, bool has_sequence) noexcept {
    walk.tunnel = Tunnel::erspan;
    if (protocol == erspan_1_or_2 && !has_sequence) return {ethernet};
    const bool third = protocol == erspan_3;
    std::size_t length = third ? 12 : 8;
    if (!walk.has(length)) return walk.too_short("erspan.too_short");
    if (walk.at()[0] >> 4 != (third ? 2 : 1)) return walk.stop("erspan.bad_version");
    const std::uint8_t frame_type = third ? walk.at()[10] >> 2 & 0x1f : 0;
    if (third && (walk.at()[11] & 1)) length += 8;
    if (!walk.has(length)) return walk.too_short("erspan.too_short");
    walk.skip(length);
    if (frame_type == 0) return {ethernet};
    return frame_type == 2 ? Step{ip} : finished;
}

/// Web caches put 4 bytes of their own before the packet, or do not (WCCP, version 2 or 1).
Step redirected(Walk& walk) noexcept {
    if (walk.has(4) && walk.at()[0] >> 4 != 4) walk.skip(4);
    return {ipv4};
}

/// PPTP's GRE (RFC 2637, 4.1) carries PPP; without a sequence number there is an acknowledgement
/// and no payload:
///
///   | flags 2 | protocol 2 | payload length 2 | call 2 | S: sequence number 4 | A: acknowledgement
///   4 | PPP |
Step gre_pptp(Walk& walk, std::uint16_t flags, std::uint16_t protocol) noexcept {
    constexpr std::uint16_t key = 0x2000, sequence = 0x1000, acknowledgement = 0x0080;
    if (protocol != 0x880b || !(flags & key)) return walk.stop("gre.bad_header");
    const std::size_t length = 8 + (flags & sequence ? 4 : 0) + (flags & acknowledgement ? 4 : 0);
    if (!walk.has(length)) return walk.too_short("gre.too_short");
    const std::size_t payload = big_endian_16(walk.at() + 4);
    walk.skip(length);
    if (!(flags & sequence) || payload == 0) return finished;
    if (!walk.trim(payload)) walk.blame("gre.bad_length");
    return {ppp};
}

}  // namespace

Step ipv4_in_ip(Walk& walk) noexcept {
    return inner(walk, Tunnel::ip_in_ip, ipv4);
}

Step ipv6_in_ip(Walk& walk) noexcept {
    return inner(walk, Tunnel::ip_in_ip, ipv6);
}

Step mpls_in_ip(Walk& walk) noexcept {
    return inner(walk, Tunnel::mpls, mpls);
}

/// RFC 3378, 3: version 3 in four bits, and twelve that are zero.
Step ethernet_in_ip(Walk& walk) noexcept {
    const Step step = inner(walk, Tunnel::ip_in_ip, ethernet);
    if (!walk.has(2)) return walk.too_short("etherip.too_short");
    if (big_endian_16(walk.at()) != 0x3000) return walk.stop("etherip.bad_version");
    walk.skip(2);
    return step;
}

/// RFC 2784, 2.1, and RFC 2890, 2; each of the optional fields is there if its flag is:
///
///   | C, routing, K, S, 9 bits, version 3 | protocol 2 | C: checksum 2, 2 | K: key 4 | S: sequence
///   number 4 |
Step gre(Walk& walk) noexcept {
    constexpr std::uint16_t checksum = 0x8000, routing = 0x4000, key = 0x2000, sequence = 0x1000;
    const Step wrapped = inner(walk, Tunnel::gre, ethernet);
    if (!wrapped.layer) return wrapped;
    if (!walk.has(4)) return walk.too_short("gre.too_short");
    const std::uint16_t flags = big_endian_16(walk.at());
    const std::uint16_t protocol = big_endian_16(walk.at() + 2);
    if ((flags & 7) == 1) return gre_pptp(walk, flags, protocol);
    if ((flags & 7) != 0) return walk.stop("gre.bad_header");
    if (flags & routing)
        return finished;  // RFC 2784, 2.3: discarded by those who do not route by it
    const std::size_t length =
        4 + (flags & checksum ? 4 : 0) + (flags & key ? 4 : 0) + (flags & sequence ? 4 : 0);
    if (!walk.has(length)) return walk.too_short("gre.too_short");
    walk.skip(length);
    if (protocol == erspan_1_or_2 || protocol == erspan_3) {
        return erspan(walk, protocol, (flags & sequence) != 0);
    }
    if (protocol == wccp) return redirected(walk);
    return {layer_of_ether_type(protocol)};
}

}  // namespace umbratap::packet
