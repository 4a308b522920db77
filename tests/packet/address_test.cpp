#include <doctest/doctest.h>

#include "packet/decoded.h"

using namespace umbratap;
using test::address;

TEST_CASE("address: text is that of RFC 5952") {
    for (const char* text : {"10.0.0.1", "255.255.255.255", "0.0.0.0", "2001:db8::1", "::", "::1",
                             "2001:db8:0:1:1:1:1:1", "2001:0:0:1::1", "fe80::1:0:0:1"}) {
        CHECK(packet::to_string(address(text)) == text);
    }
    CHECK(packet::to_string(address("2001:DB8:0:0:1:0:0:1")) == "2001:db8::1:0:0:1");
    CHECK(packet::to_string(address("::ffff:1.2.3.4")) == "1.2.3.4");
}

TEST_CASE("address: IPv4 is kept as IPv4-mapped IPv6") {
    CHECK(address("10.0.0.1").is_v4());
    CHECK(address("10.0.0.1") == address("::ffff:10.0.0.1"));
    CHECK_FALSE(address("2001:db8::1").is_v4());
    CHECK_FALSE(address("::10.0.0.1").is_v4());
}

TEST_CASE("address: every tunnel has a name of its own") {
    std::vector<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(packet::Tunnel::pppoe); ++i) {
        const std::string_view name = packet::to_string(static_cast<packet::Tunnel>(i));
        for (const std::string_view other : names) CHECK(name != other);
        names.push_back(name);
    }
}
