// Builds packets for tests: octets from the inside out, with right lengths and checksums.
//
//   const Octets frame = ethernet(ipv4({.source = "10.0.0.1", .target = "10.0.0.2"},
//                                      tcp({.source_port = 4000, .target_port = 80, .sequence = 1},
//                                      "GET / ...")));
//   packet::decode(frame_of(frame), {}, packet);
//
// Tests of what comes after the decoder take a `TcpSegment` instead: a packet::Packet that owns its
// bytes.
#pragma once

#include <arpa/inet.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "capture/frame.h"
#include "packet/packet.h"

namespace umbratap::test {

using Octets = std::vector<std::uint8_t>;

// Pieces of bytes, and how to join them.

inline Octets octets(std::string_view text) {
    return {text.begin(), text.end()};
}

/// "08 00 45" -> three octets; whatever is no hexadecimal digit only separates.
inline Octets from_hex(std::string_view text) {
    Octets out;
    int high = -1;
    for (const char c : text) {
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) continue;
        if (high < 0) {
            high = digit;
        } else {
            out.push_back(static_cast<std::uint8_t>(high << 4 | digit));
            high = -1;
        }
    }
    return out;
}

inline Octets operator+(Octets left, const Octets& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

inline void put_16(Octets& out, std::uint32_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

inline void put_32(Octets& out, std::uint32_t value) {
    put_16(out, value >> 16);
    put_16(out, value & 0xffff);
}

inline void set_16(Octets& out, std::size_t at, std::uint32_t value) {
    out.at(at) = static_cast<std::uint8_t>(value >> 8);
    out.at(at + 1) = static_cast<std::uint8_t>(value);
}

/// "10.0.0.1" or "2001:db8::1".
inline packet::Address address(const char* text) {
    std::uint8_t octets[16];
    if (inet_pton(AF_INET, text, octets) == 1) return packet::Address::from_v4(octets);
    if (inet_pton(AF_INET6, text, octets) == 1) return packet::Address::from_v6(octets);
    throw std::invalid_argument(text);
}

/// The Internet checksum the slow way: RFC 1071, 1, to the letter.
inline std::uint16_t slow_checksum(const Octets& bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
        if (sum > 0xffff) sum = (sum & 0xffff) + 1;
    }
    return static_cast<std::uint16_t>(~sum);
}

// Transport. Checksums stay zero here and are filled in by ipv4() and ipv6(), which know the
// addresses.

struct Tcp {
    std::uint16_t source_port = 40000, target_port = 80;
    std::uint32_t sequence = 1, acknowledgement = 0;
    std::uint8_t flags = packet::tcp_flag::ack;
    std::uint16_t window = 65535;
    Octets options{};  ///< a multiple of 4 bytes
};

inline Octets tcp(const Tcp& header, const Octets& payload) {
    Octets out;
    put_16(out, header.source_port);
    put_16(out, header.target_port);
    put_32(out, header.sequence);
    put_32(out, header.acknowledgement);
    out.push_back(static_cast<std::uint8_t>((20 + header.options.size()) / 4 << 4));
    out.push_back(header.flags);
    put_16(out, header.window);
    put_32(out, 0);  // checksum, urgent pointer
    return out + header.options + payload;
}
inline Octets tcp(const Tcp& header, std::string_view payload) {
    return tcp(header, octets(payload));
}

inline Octets udp(std::uint16_t source_port, std::uint16_t target_port, const Octets& payload) {
    Octets out;
    put_16(out, source_port);
    put_16(out, target_port);
    put_16(out, static_cast<std::uint32_t>(8 + payload.size()));
    put_16(out, 0);
    return out + payload;
}
inline Octets udp(std::uint16_t source_port, std::uint16_t target_port, std::string_view payload) {
    return udp(source_port, target_port, octets(payload));
}

// Network.

inline constexpr std::uint8_t protocol_tcp = 6, protocol_udp = 17;

struct Ip {
    const char* source = "10.0.0.1";
    const char* target = "10.0.0.2";
    std::uint8_t protocol = protocol_tcp;
    std::uint8_t hop_limit = 64;
    std::uint16_t id = 1;
    std::uint16_t fragment =
        0;             ///< IPv4: flags and offset as on the wire (0x2000: more, offset in 8 bytes)
    Octets options{};  ///< IPv4: a multiple of 4 bytes; IPv6: extension headers, see `first_header`
    std::uint8_t first_header = 0;  ///< IPv6 with extension headers: the type of the first
    bool transport_checksum = true;
};

/// Fills in the checksum of a TCP or UDP segment between these addresses.
inline void fill_transport_checksum(Octets& segment, const Ip& ip) {
    const std::size_t at = ip.protocol == protocol_tcp ? 16 : 6;
    if ((ip.protocol != protocol_tcp && ip.protocol != protocol_udp) || segment.size() < at + 2)
        return;
    set_16(segment, at, 0);
    const auto source = address(ip.source), target = address(ip.target);
    const std::ptrdiff_t skipped = source.is_v4() ? 12 : 0;
    Octets covered(source.octets.begin() + skipped, source.octets.end());
    covered.insert(covered.end(), target.octets.begin() + skipped, target.octets.end());
    put_32(covered, static_cast<std::uint32_t>(segment.size()));
    put_32(covered, ip.protocol);
    std::uint16_t checksum = slow_checksum(covered + segment);
    if (checksum == 0 && ip.protocol == protocol_udp) checksum = 0xffff;
    set_16(segment, at, checksum);
}

inline Octets ipv4(const Ip& ip, Octets payload) {
    if (ip.transport_checksum && (ip.fragment & 0x3fff) == 0) fill_transport_checksum(payload, ip);
    const std::size_t header_length = 20 + ip.options.size();
    Octets out{static_cast<std::uint8_t>(0x40 | header_length / 4), 0};
    put_16(out, static_cast<std::uint32_t>(header_length + payload.size()));
    put_16(out, ip.id);
    put_16(out, ip.fragment);
    out.push_back(ip.hop_limit);
    out.push_back(ip.protocol);
    put_16(out, 0);
    const auto source = address(ip.source), target = address(ip.target);
    out.insert(out.end(), source.octets.begin() + 12, source.octets.end());
    out.insert(out.end(), target.octets.begin() + 12, target.octets.end());
    out = out + ip.options;
    set_16(out, 10, slow_checksum(out));
    return out + payload;
}

inline Octets ipv6(const Ip& ip, Octets payload) {
    if (ip.transport_checksum) fill_transport_checksum(payload, ip);
    Octets out{0x60, 0, 0, 0};
    put_16(out, static_cast<std::uint32_t>(ip.options.size() + payload.size()));
    out.push_back(ip.options.empty() ? ip.protocol : ip.first_header);
    out.push_back(ip.hop_limit);
    const auto source = address(ip.source), target = address(ip.target);
    out.insert(out.end(), source.octets.begin(), source.octets.end());
    out.insert(out.end(), target.octets.begin(), target.octets.end());
    return out + ip.options + payload;
}

/// IPv4 or IPv6, as the addresses are.
inline Octets ip(const Ip& ip, Octets payload) {
    return address(ip.source).is_v4() ? ipv4(ip, std::move(payload)) : ipv6(ip, std::move(payload));
}

// Link.

inline Octets vlan(std::uint16_t id, std::uint16_t ether_type, const Octets& payload) {
    Octets out;
    put_16(out, id);
    put_16(out, ether_type);
    return out + payload;
}

inline Octets ethernet(const Octets& payload, std::uint16_t ether_type) {
    Octets out = from_hex("02 00 00 00 00 02  02 00 00 00 00 01");
    put_16(out, ether_type);
    return out + payload;
}

/// Around an IP packet: the EtherType is that of its version.
inline Octets ethernet(const Octets& packet) {
    return ethernet(packet, packet.at(0) >> 4 == 6 ? 0x86dd : 0x0800);
}

/// A view of `octets`, which must outlive it.
inline capture::Frame frame_of(const Octets& octets, std::uint16_t link_type = 1) {
    capture::Frame frame;
    frame.data = octets;
    frame.original_length = static_cast<std::uint32_t>(octets.size());
    frame.link_type = link_type;
    return frame;
}
capture::Frame frame_of(Octets&&, std::uint16_t = 1) = delete;

// What comes after the decoder.

/// A decoded packet together with the bytes that it points into. Moves; does not copy.
struct OwnedPacket {
    Octets octets;
    packet::Packet packet;

    OwnedPacket() = default;
    OwnedPacket(OwnedPacket&&) = default;
    OwnedPacket& operator=(OwnedPacket&&) = default;
    OwnedPacket(const OwnedPacket&) = delete;
    OwnedPacket& operator=(const OwnedPacket&) = delete;
};

struct TcpSegment {
    const char* source = "10.0.0.1";
    const char* target = "10.0.0.2";
    Tcp header{};
    std::string_view payload{};
    std::uint64_t number = 0;  ///< of the frame
    Duration time{};           ///< since 1970
    bool right_checksum = true;
    std::uint32_t captured_max = 0xffffffff;  ///< snap length, in bytes of the segment
};

/// What packet::decode would say of this segment, without a frame around it. `network` is unset.
inline OwnedPacket tcp_packet(const TcpSegment& segment) {
    OwnedPacket owned;
    owned.octets = tcp(segment.header, segment.payload);
    fill_transport_checksum(owned.octets, {.source = segment.source, .target = segment.target});
    if (!segment.right_checksum) owned.octets[16] ^= 0x55;
    packet::Packet& packet = owned.packet;
    packet.time = Time(segment.time);
    packet.number = segment.number;
    packet.segment_length = static_cast<std::uint32_t>(owned.octets.size());
    if (owned.octets.size() > segment.captured_max) owned.octets.resize(segment.captured_max);
    packet.segment = owned.octets;
    packet.source = address(segment.source);
    packet.target = address(segment.target);
    packet.source_port = segment.header.source_port;
    packet.target_port = segment.header.target_port;
    packet.tcp_sequence = segment.header.sequence;
    packet.tcp_acknowledgement = segment.header.acknowledgement;
    packet.tcp_flags = segment.header.flags;
    packet.tcp_window = segment.header.window;
    packet.header_length = static_cast<std::uint8_t>(20 + segment.header.options.size());
    packet.transport = packet::Transport::tcp;
    packet.hop_limit = 64;
    return owned;
}

}  // namespace umbratap::test
