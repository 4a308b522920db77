#include <doctest/doctest.h>

#include "packet/decoded.h"

using namespace umbratap;
using namespace umbratap::test;

TEST_CASE("mpls: stacks of labels, unicast and multicast, over IPv4 and IPv6") {
    for (const std::uint16_t type : {0x8847, 0x8848}) {
        const Decoded one = decoded(ethernet(from_hex("00010140") + hello_v4(), type));
        CHECK(unlike_hello(one) == "");
        CHECK(one.tunnel() == "mpls");
        const Octets three = from_hex("00010040 00020040 00030140");
        CHECK(unlike_hello(decoded(ethernet(three + hello_v6(), type)), true) == "");
    }
}

TEST_CASE("mpls: Ethernet in a pseudowire, with and without control word") {
    const Octets label = from_hex("00010140");
    for (const char* target : {"020000000002", "460000000002", "640000000002", "000000000000"}) {
        CAPTURE(target);
        const Octets frame = from_hex(target) + from_hex("0200000000010800") + hello_v4();
        CHECK(unlike_hello(decoded(ethernet(label + frame, 0x8847))) == "");
        CHECK(unlike_hello(decoded(ethernet(label + from_hex("00000000") + frame, 0x8847))) == "");
    }
}

TEST_CASE("mpls: a stack without an end is told, an unknown payload is not") {
    CHECK(decoded(ethernet(from_hex("00010040 00010040"), 0x8847)).trouble() == "mpls.too_short");
    CHECK(decoded(ethernet(from_hex("00010140 10000000 11223344"), 0x8847)).trouble() == "");
}

TEST_CASE("pppoe: a session carries IPv4 and IPv6, and its length cuts off the padding") {
    const Decoded v4 =
        decoded(ethernet(from_hex("11 00 0001 002f 0021") + hello_v4() + Octets(9), 0x8864));
    CHECK(unlike_hello(v4) == "");
    CHECK(v4.tunnel() == "pppoe");
    CHECK(unlike_hello(decoded(ethernet(from_hex("11 00 0001 0043 0057") + hello_v6(), 0x8864)),
                       true) == "");
}

TEST_CASE("pppoe: what is wrong with a header is told") {
    CHECK(decoded(ethernet(from_hex("21 00 0001 002f 0021"), 0x8864)).trouble() ==
          "pppoe.bad_version");
    CHECK(decoded(ethernet(from_hex("11 00 0001"), 0x8864)).trouble() == "pppoe.too_short");
    CHECK(decoded(ethernet(from_hex("11 00 0001 0100 0021") + hello_v4(), 0x8864)).trouble() ==
          "pppoe.bad_length");
}

TEST_CASE("ppp: protocols other than IP are no problem") {
    CHECK(decoded(from_hex("ff03 c021 01010004"), 9).trouble() == "");
    CHECK(decoded(from_hex("ff03 0281 00010140") + hello_v4(), 9).tunnel() == "mpls");
}

TEST_CASE("nsh: the service header is skipped, whatever its length") {
    const Octets frame = ethernet(hello_v4());
    CHECK(unlike_hello(decoded(ethernet(from_hex("0fc2 02 01 00000140") + hello_v4(), 0x894f))) ==
          "");
    CHECK(unlike_hello(decoded(ethernet(from_hex("0fc2 02 02 00000140") + hello_v6(), 0x894f)),
                       true) == "");
    CHECK(unlike_hello(decoded(
              ethernet(from_hex("0fc6 01 03 00000140") + Octets(16) + frame, 0x894f))) == "");
    CHECK(unlike_hello(decoded(
              ethernet(from_hex("0fc2 02 05 00000140 00010140") + hello_v4(), 0x894f))) == "");
    CHECK(decoded(ethernet(from_hex("0fc1 02 01 00000140") + hello_v4(), 0x894f)).trouble() ==
          "nsh.bad_header");
    CHECK(decoded(ethernet(from_hex("0fff 02 01 00000140"), 0x894f)).trouble() == "nsh.too_short");
}
