#include "inventory/lookalike.h"

#include <doctest/doctest.h>

#include "detect/host_name.h"

using namespace umbratap;

namespace {

std::string why(const std::string& name, const std::string& approved = "mcp-portal.corp.example") {
    const auto plain = detect::host_name(name);
    REQUIRE(plain);
    return std::string(
        inventory::ApprovedName(approved).borrowed_by(*plain, inventory::skeleton(*plain)));
}

}  // namespace

TEST_CASE("lookalike: letters of other scripts, digits and pairs that look like another letter") {
    for (const char* name :
         {"m\xd1\x81p-portal.corp.example",  // Cyrillic s, drawn like c
          "mcp-p\xce\xbfrtal.corp.example",  // Greek omicron
          "mcp-p\xc3\xb3rtal.corp.example",  // an accent
          "mcp-porta1.corp.example", "mcp-portai.corp.example", "mcp-p0rtal.corp.example",
          "rncp-portal.corp.example", "mcp-portal.corp.examp1e"}) {
        CAPTURE(name);
        CHECK(why(name) == "homograph");
    }
}

TEST_CASE("lookalike: the approved name as a part of another") {
    for (const char* name :
         {"mcp-portal.corp.example.evil.tld", "x.mcp-portal.corp.example.evil.tld",
          "mcp-portal-corp-example.evil.tld", "mcp-portal.corp.example-login.tld",
          "login-mcp-portal-corp-example-x.tld"}) {
        CAPTURE(name);
        CHECK(why(name) == "embedded");
    }
}

TEST_CASE("lookalike: the name itself, what is below it, its siblings and strangers are none") {
    for (const char* name :
         {"mcp-portal.corp.example", "MCP-Portal.corp.example.", "a.mcp-portal.corp.example",
          "portal.corp.example", "mcp-portal2.corp.example", "corp.example",
          "mcp-portal.other.example", "evil.tld", "10.0.0.1"}) {
        CAPTURE(name);
        CHECK(why(name).empty());
    }
    CHECK(why("portal.evil.tld", "portal").empty());
    CHECK(why("10.0.0.1.evil.tld", "10.0.0.1").empty());
}

TEST_CASE("lookalike: a skeleton is made of the letters that one sees") {
    CHECK(inventory::skeleton("vvorld") == inventory::skeleton("world"));
    CHECK(inventory::skeleton("abc") != inventory::skeleton("abd"));
    CHECK(inventory::skeleton("xn--99zt52a.example") == "\xe7\xb4\x8d\xe8\xb1\x86.example");
}
