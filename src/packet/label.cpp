// Thin wrappers between Ethernet and IP: MPLS, PPPoE, PPP, NSH.
#include "packet/walk.h"

namespace umbratap::packet {
namespace {

// What is behind the last label says nobody. Routers go by the first nibble, 4 and 6 for IP (RFC
// 4928, 2); but MAC addresses begin with these as well, and a pseudowire's Ethernet comes with a
// control word of 4 bytes (its first nibble 0, RFC 4385, 3) or without one. So each reading has to
// make sense, the surest first.
Step behind_labels(Walk& walk) noexcept {
    const bool v4 = plausible_ip(walk.rest) && walk.at()[0] >> 4 == 4;
    if (v4 && big_endian_16(walk.at() + 2) <= walk.on_wire() && ipv4_checksum_plausible(walk.rest))
        return {ipv4};
    if (plausible_ethernet(walk.rest)) return {ethernet};
    if (plausible_ip(walk.rest)) return {ip};
    if (walk.has(4) && walk.at()[0] >> 4 == 0 && plausible_ethernet(walk.rest.subspan(4))) {
        walk.skip(4);
        return {ethernet};
    }
    return finished;
}

}  // namespace

/// A stack of labels (RFC 3032, 2.1), the last of which has the bit S set:
///
///   | label 20 bits | traffic class 3 | S 1 | time to live 8 |
Step mpls(Walk& walk) noexcept {
    if (!walk.wrap()) return finished;
    walk.tunnel = Tunnel::mpls;
    bool last = false;
    while (!last) {
        if (!walk.has(4)) return walk.too_short("mpls.too_short");
        last = (walk.at()[2] & 1) != 0;
        walk.skip(4);
    }
    return behind_labels(walk);
}

/// RFC 2516, 4, code 0 of the session stage; `length` is that of the PPP packet behind it:
///
///   | version 4 bits, type 4 bits | code 1 | session 2 | length 2 |
Step pppoe(Walk& walk) noexcept {
    if (!walk.has(6)) return walk.too_short("pppoe.too_short");
    if (walk.at()[0] != 0x11) return walk.stop("pppoe.bad_version");
    if (walk.at()[1] != 0) return finished;  // discovery
    if (!walk.wrap()) return finished;
    walk.tunnel = Tunnel::pppoe;
    const std::size_t length = big_endian_16(walk.at() + 4);
    walk.skip(6);
    if (!walk.trim(length)) walk.blame("pppoe.bad_length");
    return {ppp};
}

/// RFC 1661, 2, and RFC 1662, 3.1: address and control (0xff 0x03) may be left out, and so may the
/// first byte of a protocol below 0x100.
Step ppp(Walk& walk) noexcept {
    if (walk.has(2) && big_endian_16(walk.at()) == 0xff03) walk.skip(2);
    if (!walk.has(1)) return walk.too_short("ppp.too_short");
    std::uint16_t protocol = walk.at()[0];
    if (protocol & 1) {
        walk.skip(1);
    } else {
        if (!walk.has(2)) return walk.too_short("ppp.too_short");
        protocol = big_endian_16(walk.at());
        walk.skip(2);
    }
    switch (protocol) {
        case 0x0021:
            return {ipv4};
        case 0x0057:
            return {ipv6};
        case 0x0281:
        case 0x0283:
            return {mpls};
        default:
            return finished;
    }
}

/// RFC 8300, 2.2: | version 2 bits, O, U, time to live 6, length 6 (in words of 4 bytes) | type 1 |
/// next 1 | path 4 |.
Step nsh(Walk& walk) noexcept {
    if (!walk.has(8)) return walk.too_short("nsh.too_short");
    const std::size_t length = 4 * (walk.at()[1] & 0x3f);
    const std::uint8_t next = walk.at()[3];
    if (walk.at()[0] >> 6 != 0 || length < 8) return walk.stop("nsh.bad_header");
    if (!walk.has(length)) return walk.too_short("nsh.too_short");
    if (!walk.wrap()) return finished;
    walk.skip(length);
    switch (next) {
        case 1:
            return {ipv4};
        case 2:
            return {ipv6};
        case 3:
            return {ethernet};
        case 5:
            return {mpls};
        default:
            return finished;
    }
}

}  // namespace umbratap::packet
