#include <doctest/doctest.h>

#include "packet/decoded.h"

using namespace umbratap;
using namespace umbratap::test;
using packet::Transport;

TEST_CASE("tcp: every field of the header") {
    const Decoded it =
        decoded(ethernet(ipv4({}, tcp({.source_port = 1,
                                       .target_port = 65535,
                                       .sequence = 0xfffffffe,
                                       .acknowledgement = 0x80000001,
                                       .flags = packet::tcp_flag::syn | packet::tcp_flag::ack,
                                       .window = 512,
                                       .options = Octets(40, 1)},
                                      "x"))));
    CHECK(it.trouble() == "");
    CHECK(it.packet.source_port == 1);
    CHECK(it.packet.target_port == 65535);
    CHECK(it.packet.tcp_sequence == 0xfffffffe);
    CHECK(it.packet.tcp_acknowledgement == 0x80000001);
    CHECK(it.packet.tcp_flags == 0x12);
    CHECK(it.packet.tcp_window == 512);
    CHECK(it.packet.header_length == 60);
    CHECK(it.packet.payload_length() == 1);
}

TEST_CASE("tcp: a broken header keeps addresses, transport and ports, and says nothing else") {
    for (const int words : {0, 4, 7, 15}) {
        Octets segment = tcp({.flags = packet::tcp_flag::rst}, "hello");
        segment[12] = static_cast<std::uint8_t>(words << 4);
        const Decoded it = decoded(ethernet(ipv4({}, segment)));
        CHECK(it.trouble() == "tcp.bad_header_length");
        CHECK(it.packet.transport == Transport::tcp);
        CHECK(it.packet.target_port == 80);
        CHECK(it.target() == "10.0.0.2");
        CHECK(it.packet.tcp_flags == 0);
        CHECK(it.packet.payload_length() == 0);
    }
    const Decoded cut = decoded(ethernet(ipv4({}, Octets(19, 1))));
    CHECK(cut.trouble() == "tcp.too_short");
    CHECK(cut.packet.target_port == 0x0101);
    CHECK(decoded(ethernet(ipv4({}, Octets(3)))).trouble() == "tcp.too_short");
}

TEST_CASE("tcp: options that a snap length cut leave the header usable") {
    Octets frame = ethernet(ipv4({}, tcp({.sequence = 7, .options = Octets(12, 1)}, "hello")));
    const auto whole = static_cast<std::uint32_t>(frame.size());
    frame.resize(14 + 20 + 24);
    const Decoded it = decoded(frame, 1, whole - 58);
    CHECK(it.trouble() == "");
    CHECK(it.packet.tcp_sequence == 7);
    CHECK(it.packet.payload().empty());
    CHECK(it.packet.payload_length() == 5);
}

TEST_CASE("udp: ports and payload") {
    const Decoded it = decoded(ethernet(ipv4({.protocol = protocol_udp}, udp(5353, 443, "hello"))));
    CHECK(it.trouble() == "");
    CHECK(it.packet.transport == Transport::udp);
    CHECK(it.packet.source_port == 5353);
    CHECK(it.packet.target_port == 443);
    CHECK(it.payload() == "hello");
}

TEST_CASE("udp: what stands behind its length is cut off") {
    const Decoded it =
        decoded(ethernet(ipv4({.protocol = protocol_udp}, udp(1, 2, "hello") + Octets(4))));
    CHECK(it.trouble() == "");
    CHECK(it.payload() == "hello");
}

TEST_CASE("udp: a length that is too small or too large is told") {
    Octets segment = udp(1, 2, "hello");
    for (const int length : {0, 7}) {
        set_16(segment, 4, static_cast<std::uint32_t>(length));
        const Decoded it = decoded(ethernet(ipv4({.protocol = protocol_udp}, segment)));
        CHECK(it.trouble() == "udp.bad_length");
        CHECK(it.packet.target_port == 2);
        CHECK(it.packet.payload_length() == 0);
    }
    set_16(segment, 4, 14);
    const Decoded it = decoded(ethernet(ipv4({.protocol = protocol_udp}, segment)));
    CHECK(it.trouble() == "udp.bad_length");
    CHECK(it.payload() == "hello");
}

TEST_CASE("transport: ICMP, SCTP and others are named") {
    const auto transport = [](std::uint8_t protocol) {
        return decoded(ethernet(ipv4({.protocol = protocol}, Octets(16)))).packet.transport;
    };
    CHECK(transport(1) == Transport::icmp);
    CHECK(transport(58) == Transport::icmp_v6);
    CHECK(transport(132) == Transport::sctp);
    CHECK(transport(50) == Transport::other);
    CHECK(transport(2) == Transport::other);
    CHECK(decoded(ethernet(ipv4({.protocol = 132}, Octets(5)))).trouble() == "sctp.too_short");
    CHECK(decoded(ethernet(ipv4({.protocol = 1}, Octets(5)))).trouble() == "icmp.too_short");
}
