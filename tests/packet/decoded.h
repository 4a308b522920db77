// What the decoder says of some octets, together with the octets.
#pragma once

#include <ostream>
#include <string>
#include <utility>

#include "packet/packet.h"
#include "support/packet_builder.h"

namespace umbratap::test {

struct Decoded {
    Octets octets;
    packet::Packet packet;
    Problem problem;

    std::string source() const { return packet::to_string(packet.source); }
    std::string target() const { return packet::to_string(packet.target); }
    std::string payload() const { return std::string(as_text(packet.payload())); }
    std::string tunnel() const { return std::string(packet::to_string(packet.tunnel)); }
    std::string trouble() const { return std::string(problem.name()); }

    Decoded() = default;
    Decoded(Decoded&&) = default;
    Decoded& operator=(Decoded&&) = default;
    Decoded(const Decoded&) = delete;
    Decoded& operator=(const Decoded&) = delete;
};

/// `lost` bytes at the end were on the wire and not captured.
inline Decoded decoded(Octets octets, std::uint16_t link_type = 1, std::uint32_t lost = 0,
                       const packet::DecodeLimits& limits = {}) {
    Decoded out;
    out.octets = std::move(octets);
    capture::Frame frame = frame_of(out.octets, link_type);
    frame.original_length += lost;
    out.problem = packet::decode(frame, limits, out.packet);
    return out;
}

/// The packet that most tests wrap: 10.0.0.1:40000 -> 10.0.0.2:80, "hello".
inline Octets hello_v4() {
    return ipv4({}, tcp({}, "hello"));
}
/// The same over IPv6: 2001:db8::1 -> 2001:db8::2.
inline Octets hello_v6() {
    return ipv6({.source = "2001:db8::1", .target = "2001:db8::2"}, tcp({}, "hello"));
}

/// Empty if `it` is hello_v4 or hello_v6 without trouble; else what is different.
inline std::string unlike_hello(const Decoded& it, bool v6 = false) {
    const packet::Packet& packet = it.packet;
    if (it.problem) return "problem " + it.trouble();
    if (packet.transport != packet::Transport::tcp) return "no TCP";
    if (it.source() != (v6 ? "2001:db8::1" : "10.0.0.1")) return "from " + it.source();
    if (it.target() != (v6 ? "2001:db8::2" : "10.0.0.2")) return "to " + it.target();
    if (packet.source_port != 40000 || packet.target_port != 80) return "other ports";
    if (it.payload() != "hello") return "payload " + it.payload();
    if (packet.segment_length != 25 || packet.payload_length() != 5) return "other length";
    if (packet.network.size() != (v6 ? 65u : 45u)) return "other network packet";
    if (packet.fragment) return "a fragment";
    return {};
}

}  // namespace umbratap::test
