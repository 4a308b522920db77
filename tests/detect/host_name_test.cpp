#include "detect/host_name.h"

#include <doctest/doctest.h>

using namespace umbratap::detect;

TEST_CASE("host name: one spelling for all that mean the same") {
    const std::pair<const char*, const char*> cases[] = {
        {"Portal.Corp.Example", "portal.corp.example"},
        {"portal.corp.example.", "portal.corp.example"},
        {"localhost", "localhost"},
        {"_mcp.corp.example", "_mcp.corp.example"},
        {"10.0.0.1", "10.0.0.1"},
        {"[2001:DB8:0:0::1]", "[2001:db8::1]"},
        {"[::ffff:10.0.0.1]", "[::ffff:10.0.0.1]"},
        {"b\xc3\xbc"
         "cher.example",
         "xn--bcher-kva.example"},
        {"B\xc3\x9c"
         "CHER.example",
         "xn--bcher-kva.example"},
        {"bu\xcc\x88"
         "cher.example",
         "xn--bcher-kva.example"},  // u and a combining diaeresis
        {"portal\xe3\x80\x82"
         "corp.example",
         "portal.corp.example"},  // ideographic full stop (UTS #46)
        {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
        {"fa\xc3\x9f.example", "xn--fa-hia.example"},  // non-transitional
    };
    for (const auto& one : cases) {
        const auto& text = one.first;
        const auto& name = one.second;
        CAPTURE(text);
        REQUIRE(host_name(text));
        CHECK(*host_name(text) == name);
        CHECK(*host_name(name) == name);
    }
}

TEST_CASE("host name: letters that only look alike stay apart") {
    CHECK(host_name("p\xd0\xbertal.example") != host_name("portal.example"));  // Cyrillic o
    CHECK(host_name("\xce\xbfrg.example") != host_name("org.example"));        // Greek omicron
}

TEST_CASE("host name: what is no name is none") {
    for (const std::string& text : {std::string(""),
                                    std::string("."),
                                    std::string("a..b"),
                                    std::string(".a"),
                                    std::string("a.."),
                                    std::string("a b"),
                                    std::string("a\tb"),
                                    std::string("user@host"),
                                    std::string("host:443"),
                                    std::string("http://host"),
                                    std::string("a/b"),
                                    std::string("*.a"),
                                    std::string("a%2eb"),
                                    std::string("a\0b", 3),
                                    std::string("[::1"),
                                    std::string("[]"),
                                    std::string("[10.0.0.1]"),
                                    std::string("[fe80::1%eth0]"),
                                    std::string("::1"),
                                    std::string(64, 'a'),
                                    std::string("a\xff\xfe.example"),
                                    std::string(5000, 'a'),
                                    std::string("\xc3\xbc b.example")}) {
        CAPTURE(text);
        CHECK_FALSE(host_name(text));
    }
    std::string longest = "a";
    while (longest.size() < 253) longest += ".a";
    CHECK(host_name(longest));
    CHECK_FALSE(host_name(longest + ".a"));
}

TEST_CASE("host name: addresses are told from names") {
    CHECK(is_address_literal("10.0.0.1"));
    CHECK(is_address_literal("[::1]"));
    CHECK_FALSE(is_address_literal("10.0.0.1.example"));
    CHECK_FALSE(is_address_literal("167772161"));
}

TEST_CASE("host name: a port is taken off, and nothing else") {
    CHECK(without_port("h:443") == "h");
    CHECK(without_port("h") == "h");
    CHECK(without_port("[::1]:80") == "[::1]");
    CHECK(without_port("[::1]") == "[::1]");
    CHECK(without_port("h:") == "h");
    CHECK(without_port("::1") == "::1");
    CHECK(without_port("h:443:80") == "h:443:80");
    CHECK(without_port("h:x") == "h:x");
    CHECK(without_port("h:1234567") == "h:1234567");
}
