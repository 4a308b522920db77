#include <doctest/doctest.h>

#include "packet/decoded.h"

using namespace umbratap;
using namespace umbratap::test;
using packet::Transport;

namespace {

/// An outer packet of 192.0.2.1 -> 192.0.2.2 around `content`.
Decoded carried(std::uint8_t protocol, const Octets& content) {
    const Ip outer{.source = "192.0.2.1", .target = "192.0.2.2", .protocol = protocol};
    return decoded(ethernet(vlan(500, 0x0800, ipv4(outer, content)), 0x8100));
}

constexpr std::uint8_t gre = 47;

}  // namespace

TEST_CASE("tunnel: IP in IP, all four ways") {
    const Decoded four_in_four = carried(4, hello_v4());
    CHECK(unlike_hello(four_in_four) == "");
    CHECK(four_in_four.tunnel() == "ip_in_ip");
    CHECK(unlike_hello(carried(41, hello_v6()), true) == "");
    const auto in_six = [](std::uint8_t protocol, const Octets& inner) {
        return ethernet(
            ipv6({.source = "2001:db8::a", .target = "2001:db8::b", .protocol = protocol}, inner));
    };
    CHECK(unlike_hello(decoded(in_six(4, hello_v4()))) == "");
    CHECK(unlike_hello(decoded(in_six(41, hello_v6())), true) == "");
}

TEST_CASE("tunnel: VLANs of the outer network are not those of the inner packet") {
    CHECK(carried(4, hello_v4()).packet.vlans[0] == packet::no_vlan);
    const Octets inner = ethernet(vlan(7, 0x0800, hello_v4()), 0x8100);
    CHECK(carried(gre, from_hex("0000 6558") + inner).packet.vlans[0] == 7);
}

TEST_CASE("tunnel: Ethernet and MPLS in IP") {
    CHECK(unlike_hello(carried(97, from_hex("3000") + ethernet(hello_v4()))) == "");
    CHECK(carried(97, from_hex("2000") + ethernet(hello_v4())).trouble() == "etherip.bad_version");
    const Decoded it = carried(137, from_hex("00010140") + hello_v4());
    CHECK(unlike_hello(it) == "");
    CHECK(it.tunnel() == "mpls");
}

TEST_CASE("gre: every set of optional fields, over IPv4, IPv6 and Ethernet") {
    for (int flags = 0; flags < 16; ++flags) {
        if (flags & 4) continue;  // routing
        CAPTURE(flags);
        Octets header{static_cast<std::uint8_t>(flags << 4), 0};
        Octets fields;
        for (const int flag : {8, 2, 1}) {
            if (flags & flag) fields = fields + Octets(4, 0x11);
        }
        const Decoded v4 = carried(gre, header + from_hex("0800") + fields + hello_v4());
        CHECK(unlike_hello(v4) == "");
        CHECK(v4.tunnel() == "gre");
        CHECK(unlike_hello(carried(gre, header + from_hex("86dd") + fields + hello_v6()), true) ==
              "");
        CHECK(unlike_hello(
                  carried(gre, header + from_hex("6558") + fields + ethernet(hello_v4()))) == "");
    }
}

TEST_CASE("gre: what it carries may be labels, PPP, or come from a web cache") {
    CHECK(unlike_hello(carried(gre, from_hex("0000 8847 00010140") + hello_v4())) == "");
    CHECK(unlike_hello(
              carried(gre, from_hex("3001 880b 0031 0001 00000001 ff03 0021") + hello_v4())) == "");
    CHECK(unlike_hello(carried(
              gre, from_hex("3081 880b 002e 0001 00000001 00000007 21") + hello_v4())) == "");
    CHECK(unlike_hello(carried(gre, from_hex("0000 883e") + hello_v4())) == "");
    CHECK(unlike_hello(carried(gre, from_hex("0000 883e 00000001") + hello_v4())) == "");
}

TEST_CASE("gre: without an inner packet it is the outer one") {
    for (const char* content : {"0000 0000", "0000 2001 01020304", "2081 880b 0000 0001 00000007",
                                "4000 0800 00000000"}) {
        CAPTURE(content);
        const Decoded it = carried(gre, from_hex(content));
        CHECK(it.trouble() == "");
        CHECK(it.source() == "192.0.2.1");
        CHECK(it.packet.transport == Transport::other);
        CHECK(it.tunnel() == "none");
        CHECK(it.packet.vlans[0] == 500);
    }
}

TEST_CASE("gre: what is wrong with a header is told, and the outer packet is kept") {
    CHECK(carried(gre, from_hex("0000")).trouble() == "gre.too_short");
    CHECK(carried(gre, from_hex("b000 0800 00000000")).trouble() == "gre.too_short");
    CHECK(carried(gre, from_hex("0002 0800") + hello_v4()).trouble() == "gre.bad_header");
    CHECK(carried(gre, from_hex("0001 880b 0031 0001") + hello_v4()).trouble() == "gre.bad_header");
    const Decoded it = carried(gre, from_hex("0000 0800 44000000") + Octets(30));
    CHECK(it.trouble() == "ipv4.bad_header_length");
    CHECK(it.source() == "192.0.2.1");
}

TEST_CASE("erspan: types I, II and III") {
    const Octets frame = ethernet(hello_v4());
    for (const char* header : {
             "0000 88be",                                                         // I
             "1000 88be 00000001  10640001 00000000",                             // II
             "1000 22eb 00000001  20640001 00000000 0000 0000",                   // III
             "1000 22eb 00000001  20640001 00000000 0000 0001 0000000000000000",  // III, longer
         }) {
        CAPTURE(header);
        const Decoded it = carried(gre, from_hex(header) + frame);
        CHECK(unlike_hello(it) == "");
        CHECK(it.tunnel() == "erspan");
    }
    CHECK(unlike_hello(carried(gre, from_hex("1000 22eb 00000001  20640001 00000000 0000 0800") +
                                        hello_v4())) == "");
}

TEST_CASE("erspan: a mirror that shortened the frame says so by the IP length") {
    Octets frame = ethernet(hello_v4());
    frame.pop_back();
    frame.pop_back();
    const Decoded it = carried(gre, from_hex("1000 88be 00000001  10640401 00000000") + frame);
    CHECK(it.trouble() == "ipv4.bad_length");
    CHECK(it.payload() == "hel");
    CHECK(it.packet.payload_length() == 5);
}

TEST_CASE("erspan: another version is told") {
    CHECK(carried(gre, from_hex("1000 88be 00000001  30640001 00000000") + ethernet(hello_v4()))
              .trouble() == "erspan.bad_version");
}
