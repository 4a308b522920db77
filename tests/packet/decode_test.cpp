#include <doctest/doctest.h>

#include <random>

#include "packet/decoded.h"

using namespace umbratap;
using namespace umbratap::test;
using packet::Transport;

namespace {

/// One more wrapper around an Ethernet frame, of a kind chosen by `which`.
Octets wrapped(const Octets& frame, unsigned which) {
    const auto in_udp = [&](std::uint16_t port, const char* header) {
        return ethernet(ipv4({.protocol = protocol_udp}, udp(1, port, from_hex(header) + frame)));
    };
    const Octets payload(frame.begin() + 14, frame.end());
    const std::uint16_t type = big_endian_16(frame.data() + 12);
    switch (which % 6) {
        case 0:
            return ethernet(vlan(7, type, payload), 0x8100);
        case 1:
            return ethernet(from_hex("00010140") + frame, 0x8847);
        case 2:
            return in_udp(4789, "08 000000 000064 00");
        case 3:
            return in_udp(6081, "00 00 6558 000064 00");
        case 4:
            return ethernet(
                ipv4({.protocol = 47}, from_hex("1000 88be 00000001  10640001 00000000") + frame));
        default:
            return ethernet(ipv4({.protocol = 47}, from_hex("0000 6558") + frame));
    }
}

}  // namespace

TEST_CASE("decode: wrappers in any order, as many as the limit allows, and one more") {
    const packet::DecodeLimits limits;
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
        Octets frame = ethernet(hello_v6());
        for (int count = 0; count < limits.wrappers_max; ++count) frame = wrapped(frame, random());
        REQUIRE(unlike_hello(decoded(frame), true) == "");
        const Decoded deeper = decoded(wrapped(frame, random()));
        CHECK(deeper.trouble() == "packet.too_many_wrappers");
        CHECK(deeper.source() != "2001:db8::1");
    }
}

TEST_CASE("decode: IP in IP without end comes to an end") {
    Octets packet = hello_v4();
    for (int i = 0; i < 100; ++i) packet = ipv4({.protocol = 4}, packet);
    CHECK(decoded(ethernet(packet)).trouble() == "packet.too_many_wrappers");
}

TEST_CASE("decode: an inner packet that is broken leaves the outer one") {
    Octets broken = hello_v4();
    broken[0] = 0x41;
    const Decoded it = decoded(ethernet(ipv4({.source = "192.0.2.1", .protocol = 4}, broken)));
    CHECK(it.trouble() == "ipv4.bad_header_length");
    CHECK(it.source() == "192.0.2.1");
    CHECK(it.packet.transport == Transport::other);
    CHECK(it.packet.tunnel == packet::Tunnel::none);
}

TEST_CASE("decode: time, number and origin are those of the frame") {
    const capture::Origin origin{"some.pcap", true};
    const Octets octets = ethernet(hello_v4());
    capture::Frame frame = frame_of(octets);
    frame.time = Time(std::chrono::seconds(7));
    frame.number = 42;
    frame.origin = &origin;
    packet::Packet packet;
    packet.tcp_flags = 0xff;  // what was there before is gone
    packet.fragment = true;
    CHECK_FALSE(packet::decode(frame, {}, packet));
    CHECK(packet.time == frame.time);
    CHECK(packet.number == 42);
    CHECK(packet.origin == &origin);
    CHECK(packet.tcp_flags == packet::tcp_flag::ack);
    CHECK_FALSE(packet.fragment);
}

TEST_CASE(
    "decode_network: keeps time, number, origin, VLANs and tunnel of the fragment, and nothing "
    "else") {
    const Octets datagram = hello_v4();
    packet::Packet packet;
    packet.number = 42;
    packet.vlans = {5, 6};
    packet.tunnel = packet::Tunnel::vxlan;
    packet.fragment = true;
    packet.tcp_window = 9;
    CHECK_FALSE(packet::decode_network(datagram, {}, packet));
    CHECK(packet.number == 42);
    CHECK(packet.vlans == std::array<std::uint16_t, 2>{5, 6});
    CHECK(packet.tunnel == packet::Tunnel::vxlan);
    CHECK_FALSE(packet.fragment);
    CHECK(packet.tcp_window == 65535);
    CHECK(as_text(packet.payload()) == "hello");
}

TEST_CASE(
    "decode: cut anywhere, a frame never reads behind its end and never claims more than the whole "
    "one") {
    std::mt19937 random(1);
    for (unsigned which = 0; which < 6; ++which) {
        const Octets frame = wrapped(wrapped(ethernet(hello_v4()), which), random());
        for (std::size_t length = 0; length <= frame.size(); ++length) {
            const Octets head(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(length));
            const Decoded it = decoded(head, 1, static_cast<std::uint32_t>(frame.size() - length));
            CHECK((it.trouble() == "" || it.trouble() == "packet.cut_short"));
            CHECK(it.packet.segment.size() <= it.packet.segment_length);
            if (it.packet.tunnel != packet::Tunnel::none && it.packet.transport == Transport::tcp &&
                it.packet.segment_length > 0) {
                CHECK(it.packet.segment_length == 25);
            }
        }
    }
}
