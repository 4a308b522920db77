#include <doctest/doctest.h>

#include "packet/decoded.h"

using namespace umbratap;
using namespace umbratap::test;
using packet::Transport;

namespace {

/// hello_v4 with some octets changed and its header checksum mended.
Octets changed_v4(std::size_t at, std::initializer_list<int> octets) {
    Octets packet = hello_v4();
    for (const int octet : octets) packet.at(at++) = static_cast<std::uint8_t>(octet);
    set_16(packet, 10, 0);
    set_16(packet, 10, slow_checksum(Octets(packet.begin(), packet.begin() + 20)));
    return packet;
}

}  // namespace

TEST_CASE("ipv4: addresses, hop limit and payload, with and without options") {
    const Decoded it =
        decoded(ethernet(ipv4({.hop_limit = 3, .options = Octets(12, 1)}, tcp({}, "hello"))));
    CHECK(it.trouble() == "");
    CHECK(it.payload() == "hello");
    CHECK(it.packet.hop_limit == 3);
    CHECK(it.packet.network.size() == 57);
}

TEST_CASE("ipv4: with stops left on a source route, the last of its addresses is the target") {
    const auto target = [](const char* options) {
        return decoded(ethernet(ipv4({.options = from_hex(options)}, tcp({}, "hello")))).target();
    };
    CHECK(target("83 0b 04 c0000201 c0000202 00") == "192.0.2.2");
    CHECK(target("01 89 07 04 c0000201") == "192.0.2.1");
    CHECK(target("44 04 05 00 83 07 04 c0000201 00") == "192.0.2.1");
    CHECK(target("83 0b 08 c0000201 c0000202 00") == "192.0.2.2");
    CHECK(target("83 0b 0c c0000201 c0000202 00") == "10.0.0.2");  // all stops made
    CHECK(target("83 ff 04 c0000201 00") == "10.0.0.2");
    CHECK(target("83 00 04 c0000201 00") == "10.0.0.2");
    CHECK(target("00 83 07 04 c0000201") == "10.0.0.2");
    CHECK(target("07 0b 04 c0000201 c0000202 00") == "10.0.0.2");  // records a route, makes none
}

TEST_CASE("ipv4: what is wrong with lengths is told") {
    CHECK(decoded(ethernet(changed_v4(0, {0x55}), 0x0800)).trouble() == "ipv4.bad_version");
    CHECK(decoded(ethernet(changed_v4(0, {0x44}))).trouble() == "ipv4.bad_header_length");
    CHECK(decoded(ethernet(changed_v4(2, {0, 19}))).trouble() == "ipv4.bad_length");
    CHECK(decoded(ethernet(Octets{0x45, 0, 0, 20}, 0x0800)).trouble() == "ipv4.too_short");
    CHECK(decoded(ethernet(hello_v6(), 0x0800)).trouble() == "ipv4.bad_version");
}

TEST_CASE("ipv4: a length beyond the frame is told, and what is there is kept") {
    const Decoded it = decoded(ethernet(changed_v4(2, {0, 145})));
    CHECK(it.trouble() == "ipv4.bad_length");
    CHECK(it.payload() == "hello");
    CHECK(it.packet.segment_length == 125);
    CHECK(it.packet.payload_length() == 105);
}

TEST_CASE("ipv4: a snap length that cut the payload is no problem") {
    Octets frame = ethernet(hello_v4());
    for (int i = 0; i < 3; ++i) frame.pop_back();
    const Decoded it = decoded(frame, 1, 3);
    CHECK(it.trouble() == "");
    CHECK(it.payload() == "he");
    CHECK(it.packet.payload_length() == 5);
}

TEST_CASE("ipv4: a header that a snap length cut is told as cut, not as too short") {
    Octets frame = ethernet(hello_v4());
    const auto whole = static_cast<std::uint32_t>(frame.size());
    frame.resize(30);
    CHECK(decoded(frame, 1, whole - 30).trouble() == "packet.cut_short");
    CHECK(decoded(frame).trouble() == "ipv4.too_short");
}

TEST_CASE("ipv4: total length 0 goes on to the end of the frame") {
    const Decoded it = decoded(ethernet(changed_v4(2, {0, 0})));
    CHECK(unlike_hello(it) == "");
}

TEST_CASE(
    "ipv4: a wrong header checksum is told, none is not, and the packet is kept in either case") {
    Octets packet = hello_v4();
    packet[10] ^= 1;
    const Decoded wrong = decoded(ethernet(packet));
    CHECK(wrong.trouble() == "ipv4.bad_checksum");
    CHECK(wrong.payload() == "hello");
    set_16(packet, 10, 0);
    CHECK(unlike_hello(decoded(ethernet(packet))) == "");
}

TEST_CASE("ipv4: any fragment is left to flow::Fragments, with its addresses") {
    for (const std::uint16_t fragment : {0x2000, 0x2001, 0x0001, 0x1fff}) {
        const Decoded it = decoded(ethernet(ipv4({.fragment = fragment}, tcp({}, "hello"))));
        CHECK(it.trouble() == "");
        CHECK(it.packet.fragment);
        CHECK(it.packet.transport == Transport::none);
        CHECK(it.packet.segment.empty());
        CHECK(it.packet.network.size() == 45);
        CHECK(it.target() == "10.0.0.2");
    }
    CHECK(unlike_hello(decoded(ethernet(ipv4({.fragment = 0x4000}, tcp({}, "hello"))))) == "");
}

TEST_CASE("ipv6: addresses, hop limit and payload") {
    const Decoded it = decoded(ethernet(hello_v6()));
    CHECK(unlike_hello(it, true) == "");
    CHECK(it.packet.hop_limit == 64);
}

TEST_CASE("ipv6: what is wrong with lengths is told") {
    Octets packet = hello_v6();
    CHECK(decoded(ethernet(Octets(packet.begin(), packet.begin() + 39))).trouble() ==
          "ipv6.too_short");
    CHECK(decoded(ethernet(hello_v4(), 0x86dd)).trouble() == "ipv6.bad_version");
    set_16(packet, 4, 1025);
    const Decoded it = decoded(ethernet(packet));
    CHECK(it.trouble() == "ipv6.bad_length");
    CHECK(it.payload() == "hello");
    CHECK(it.packet.segment_length == 1025);
}

TEST_CASE("ipv6: a jumbo payload is as long as its option says") {
    Octets packet = ipv6({.source = "2001:db8::1",
                          .target = "2001:db8::2",
                          .options = from_hex("06 00 c2 04 00 01 11 8c"),
                          .first_header = 0},
                         tcp({}, Octets(70000, 'x')));
    set_16(packet, 4, 0);
    const Decoded it = decoded(packet + Octets(5), 101);
    CHECK(it.trouble() == "");
    CHECK(it.packet.payload_length() == 70000);
    packet[44] = 1;
    CHECK(decoded(packet, 101).trouble() == "ipv6.bad_length");
}

TEST_CASE("ipv6: payload length 0 without that option goes on to the end of the frame") {
    Octets packet = hello_v6();
    set_16(packet, 4, 0);
    CHECK(unlike_hello(decoded(ethernet(packet)), true) == "");
    packet[6] = 59;
    CHECK(decoded(ethernet(packet)).packet.segment.empty());
}

TEST_CASE("ip: neither 4 nor 6 is told where nothing else says which") {
    CHECK(decoded(from_hex("50000000"), 101).trouble() == "ip.bad_version");
}
