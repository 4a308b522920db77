// One packet, all wrappers taken off: what the innermost IP header and its transport say.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/bytes.h"
#include "base/problem.h"
#include "base/time.h"
#include "capture/frame.h"

namespace umbratap::packet {

/// An IP address; IPv4 as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2), so that one shape serves both.
struct Address {
    std::array<std::uint8_t, 16> octets{};

    static Address from_v4(const std::uint8_t* four) noexcept {
        Address address;
        address.octets[10] = address.octets[11] = 0xff;
        std::memcpy(address.octets.data() + 12, four, 4);
        return address;
    }
    static Address from_v6(const std::uint8_t* sixteen) noexcept {
        Address address;
        std::memcpy(address.octets.data(), sixteen, 16);
        return address;
    }
    bool is_v4() const noexcept {
        return big_endian_64(octets.data()) == 0 && big_endian_32(octets.data() + 8) == 0xffff;
    }
    friend auto operator<=>(const Address&, const Address&) = default;
};

/// "10.0.0.1" or "2001:db8::1" (RFC 5952).
std::string to_string(const Address& address);

struct Endpoint {
    Address address;
    std::uint16_t port = 0;
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

enum class Transport : std::uint8_t {
    none = 0,
    icmp = 1,
    tcp = 6,
    udp = 17,
    icmp_v6 = 58,
    sctp = 132,
    other = 255
};

/// The wrapper next to the inner packet, for events; `none` where there is none.
enum class Tunnel : std::uint8_t { none, gre, erspan, vxlan, geneve, gtp_u, ip_in_ip, mpls, pppoe };
std::string_view to_string(Tunnel tunnel) noexcept;

namespace tcp_flag {
inline constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10,
                              urg = 0x20;
}

inline constexpr std::uint16_t no_vlan = 0xffff;

struct Packet {
    Time time;
    std::uint64_t number =
        0;  ///< of the frame; for a reassembled datagram, of the frame that completed it
    const capture::Origin* origin = nullptr;
    Bytes segment;  ///< transport header and payload as captured, cut to the IP length
    Address source, target;
    std::uint32_t segment_length =
        0;  ///< as the IP header says; more than segment.size() where the capture cut it
    std::uint32_t tcp_sequence = 0, tcp_acknowledgement = 0;
    std::uint16_t source_port = 0, target_port = 0;
    std::uint16_t tcp_window = 0;
    /// VLAN ids next to the inner packet, outermost first; a priority tag (id 0) is none.
    std::array<std::uint16_t, 2> vlans{no_vlan, no_vlan};
    Transport transport = Transport::none;
    std::uint8_t tcp_flags = 0;
    std::uint8_t header_length = 0;  ///< of the transport header, options included
    std::uint8_t hop_limit = 0;      ///< TTL
    Tunnel tunnel = Tunnel::none;
    bool fragment =
        false;      ///< a fragment: `network` holds it for flow::Fragments, the rest is unset
    Bytes network;  ///< the innermost IP packet from its header on, as captured

    Bytes payload() const noexcept {
        return segment.subspan(header_length <= segment.size() ? header_length : segment.size());
    }
    /// Payload bytes on the wire, of which payload() may hold fewer (snap length).
    std::uint32_t payload_length() const noexcept {
        return segment_length > header_length ? segment_length - header_length : 0;
    }
};

static_assert(sizeof(Packet) <= 120,
              "two cache lines: every packet is written once and read a few times");

struct DecodeLimits {
    int wrappers_max = 8;            ///< tunnels, tags and headers around the inner packet
    int extension_headers_max = 16;  ///< IPv6
};

/// Takes all wrappers off `frame`. Fills what is sound even where something deeper is broken, and
/// returns what is not. `packet.transport` stays `none` where there was no IP packet (ARP, LLDP: no
/// problem).
Problem decode(const capture::Frame& frame, const DecodeLimits& limits, Packet& packet) noexcept;

/// The same from an IP header on: a datagram that flow::Fragments put together. `packet` brings
/// time, number, origin, VLANs and tunnel of the fragment that completed it.
Problem decode_network(Bytes datagram, const DecodeLimits& limits, Packet& packet) noexcept;

enum class Checksum : std::uint8_t {
    right,
    wrong,
    unknown
};  ///< unknown: cut by a snap length, or UDP without one

/// Verifies the TCP or UDP checksum (RFC 9293, 3.1; RFC 8200, 8.1). Reads the whole segment: call
/// it only where it matters.
Checksum transport_checksum(const Packet& packet) noexcept;

}  // namespace umbratap::packet
