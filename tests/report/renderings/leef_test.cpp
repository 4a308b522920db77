#include <doctest/doctest.h>

#include "report/renderings/rendered.h"

using namespace umbratap;
using report::Rendering;
using test::read_leef;
using test::rendered;

TEST_CASE("leef: the header names the tab, and attributes are told apart by it") {
    inventory::Alert alert = test::alert();
    alert.excerpt = "a=b\tc|d";
    const std::string line = rendered(Rendering::leef, alert);
    CHECK(line.starts_with("LEEF:2.0|umbratap|umbratap|" UMBRATAP_VERSION
                           "|shadow-server|x09|cat=alert\tdevTime=1790856000000\tsev=8\tmsg=MCP"));
    const auto found = read_leef(line);
    CHECK(found.at("src") == "10.0.0.1");
    CHECK(found.at("dstPort") == "8443");
    CHECK(found.at("verdict") == "shadow");
    CHECK(found.at("excerpt") == "a=b\\u{9}c|d");
}

TEST_CASE("leef: a bar cannot end a part of the header") {
    inventory::Alert alert = test::alert();
    alert.category = "a|b";
    CHECK(read_leef(rendered(Rendering::leef, alert)).at("header/4") == "a\\u{7c}b");
}

TEST_CASE("leef: bytes of a session count from the client's side") {
    const auto found = read_leef(rendered(Rendering::leef, test::session()));
    CHECK(found.at("header/4") == "mcp_session");
    CHECK(found.at("srcBytes") == "300");
    CHECK(found.at("dstBytes") == "900");
    CHECK(found.at("sev") == "1");
}

TEST_CASE("leef: flows and the like become no line, statistics do") {
    CHECK(rendered(Rendering::leef, inventory::FlowEnd{}).empty());
    inventory::Stats stats;
    stats.blind = {{"no_key", 7}};
    CHECK(read_leef(rendered(Rendering::leef, stats)).at("blindBytes") == "7");
}
