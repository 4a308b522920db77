#include "inventory/network_set.h"

#include <doctest/doctest.h>

using namespace umbratap;
using inventory::NetworkSet;

namespace {

packet::Address address(const std::string& text) {
    packet::Address result;
    REQUIRE(inventory::read_address(text, result));
    return result;
}

std::string refusal(const std::string& network) {
    NetworkSet set;
    std::string complaint;
    CHECK_FALSE(set.add(network, complaint));
    CHECK(set.empty());
    return complaint;
}

}  // namespace

TEST_CASE("networks: a network holds its first and last address and no neighbour") {
    NetworkSet set;
    std::string complaint;
    REQUIRE(set.add("10.20.200.0/22", complaint));
    REQUIRE(set.add("2001:db8:4::/46", complaint));
    CHECK(set.contains(address("10.20.200.0")));
    CHECK(set.contains(address("10.20.203.255")));
    CHECK_FALSE(set.contains(address("10.20.199.255")));
    CHECK_FALSE(set.contains(address("10.20.204.0")));
    CHECK(set.contains(address("2001:db8:4::")));
    CHECK(set.contains(address("2001:db8:7:ffff::1")));
    CHECK_FALSE(set.contains(address("2001:db8:8::")));
    CHECK_FALSE(set.contains(address("2001:db8:3:ffff::")));
}

TEST_CASE("networks: an address without prefix is itself alone") {
    NetworkSet set;
    std::string complaint;
    REQUIRE(set.add("192.0.2.7", complaint));
    REQUIRE(set.add("::1", complaint));
    CHECK(set.contains(address("192.0.2.7")));
    CHECK_FALSE(set.contains(address("192.0.2.6")));
    CHECK(set.contains(address("::1")));
    CHECK(set.size() == 2);
}

TEST_CASE("networks: all of one family is nothing of the other") {
    NetworkSet v4, v6;
    std::string complaint;
    REQUIRE(v4.add("0.0.0.0/0", complaint));
    REQUIRE(v6.add("::/0", complaint));
    CHECK(v4.contains(address("203.0.113.9")));
    CHECK_FALSE(v4.contains(address("2001:db8::1")));
    CHECK(v6.contains(address("2001:db8::1")));
    CHECK_FALSE(v6.contains(address("203.0.113.9")));
}

TEST_CASE("networks: what is no network is refused with the reason") {
    CHECK(refusal("10.20.200.9/24") ==
          "'10.20.200.9/24' has bits behind its prefix, did you mean '10.20.200.0/24'?");
    CHECK(refusal("2001:db8::1/32") ==
          "'2001:db8::1/32' has bits behind its prefix, did you mean '2001:db8::/32'?");
    CHECK(refusal("10.0.0.0/33") ==
          "expected a prefix length from 0 to 32 behind the '/' of '10.0.0.0/33'");
    CHECK(refusal("::/129").find("from 0 to 128") != std::string::npos);
    for (const char* text : {"", "/8", "10.0.0/8", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1",
                             "corp.example", "fe80::1%eth0", "0x0a.0.0.1"}) {
        CAPTURE(text);
        CHECK(refusal(text).starts_with("expected "));
    }
}
