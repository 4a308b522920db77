// The headers between IP and the transport: IPv6 extension headers (RFC 8200, 4) and the
// authentication header.
//
//   | next header 1 | length 1, in 8 bytes, without the first 8 | ... |
//
// Some of them change what the packet is: a routing header knows the true target, a fragment header
// makes it wait.
#include "packet/walk.h"

namespace umbratap::packet {
namespace {

/// Takes off a header of `length` bytes whose first byte names the next one.
Step take_off(Walk& walk, std::size_t length) noexcept {
    if (!walk.has(length)) return walk.too_short("ipv6.bad_extension_header");
    if (++walk.extension_headers > walk.limits.extension_headers_max) {
        return walk.stop("ipv6.too_many_extension_headers");
    }
    const std::uint8_t next = walk.at()[0];
    walk.skip(length);
    return upper_layer(walk, next);
}

std::size_t length_of(const Walk& walk) noexcept {
    return 8 * (std::size_t{walk.at()[1]} + 1);
}

}  // namespace

Step options_header(Walk& walk) noexcept {
    if (!walk.v6) return {other_transport};
    if (!walk.has(2)) return walk.too_short("ipv6.bad_extension_header");
    return take_off(walk, length_of(walk));
}

/// May only come first (RFC 8200, 4.1). One that does not is told; a receiver drops such a packet.
Step hop_by_hop_header(Walk& walk) noexcept {
    if (walk.v6 && walk.extension_headers > 0) walk.blame("ipv6.bad_extension_header");
    return options_header(walk);
}

/// As long as segments are left, the IP header names a stop on the way, and this header the true
/// target, which is also what the transport checksum covers (RFC 8200, 8.1):
///
///   | next 1 | length 1 | type 1 | segments left 1 | 4 | addresses, 16 each |
Step routing_header(Walk& walk) noexcept {
    if (!walk.v6) return {other_transport};
    constexpr std::uint8_t source_route = 0, mobile_home = 2, segment_route = 4;
    if (!walk.has(4)) return walk.too_short("ipv6.bad_extension_header");
    const std::size_t length = length_of(walk);
    const std::uint8_t type = walk.at()[2];
    if (walk.at()[3] > 0 && length >= 24 && walk.has(length)) {
        // Segment routing lists its segments last first (RFC 8754, 2).
        const std::size_t last = type == segment_route ? 8 : 8 + (length - 24) / 16 * 16;
        if (type == source_route || type == mobile_home || type == segment_route) {
            walk.packet.target = Address::from_v6(walk.at() + last);
        }
    }
    return take_off(walk, length);
}

/// RFC 8200, 4.5; offset 0 and nothing more to come is a whole packet (RFC 6946):
///
///   | next 1 | reserved 1 | offset 13 bits, reserved 2, more 1 | identification 4 |
Step fragment_header(Walk& walk) noexcept {
    if (!walk.v6) return {other_transport};
    if (!walk.has(8)) return walk.too_short("ipv6.bad_extension_header");
    if ((big_endian_16(walk.at() + 2) & 0xfff9) == 0) return take_off(walk, 8);
    walk.packet.fragment = true;
    return finished;
}

/// RFC 4302, 2: its length counts 4 bytes, without the first 8.
Step authentication_header(Walk& walk) noexcept {
    if (!walk.has(12)) return walk.too_short("ipv6.bad_extension_header");
    return take_off(walk, 4 * (std::size_t{walk.at()[1]} + 2));
}

}  // namespace umbratap::packet
