#include <doctest/doctest.h>

#include "report/renderings/rendered.h"

using namespace umbratap;
using report::Rendering;
using test::read_cef;
using test::rendered;

TEST_CASE("cef: an alert, to the letter") {
    inventory::Alert alert = test::alert();
    alert.parties = {};
    alert.parties.flow = test::flow();
    alert.parties.host = "mcp.example.com";
    alert.metadata.clear();
    alert.matched = "a=b|c\\d";
    std::string line = rendered(Rendering::cef, alert);
    const std::size_t id = line.find("externalId=");
    line.replace(id + 11, 16, "*");
    CHECK(line ==
          "CEF:0|umbratap|umbratap|" UMBRATAP_VERSION
          "|9001|MCP server that no policy approves|8|rt=1790856000000 cat=shadow-server "
          "src=10.0.0.1 dst=10.0.0.2 externalId=* act=allowed cnt=1 spt=50000 dpt=8443 proto=TCP "
          "dhost=mcp.example.com cs2=shadow cs2Label=verdict cs4=1:abc\\= cs4Label=communityId "
          "cs5=a\\=b|c\\\\d cs5Label=evidence cs6=a1 cs6Label=alertId fname=a.pcapng\n");
}

TEST_CASE("cef: the header escapes bar and backslash, the extension equals sign and line ends") {
    inventory::Alert alert = test::alert();
    alert.signature = "a|b\\c=d\ne";
    alert.excerpt = "x=y \\ | z\r\nq=\t";
    const auto found = read_cef(rendered(Rendering::cef, alert));
    CHECK(found.at("header/5") == "a|b\\c=d\\u{a}e");
    CHECK(found.at("msg") == "x=y \\ | z\r\nq=\\u{9}");
}

TEST_CASE("cef: addresses of IPv6 have keys of their own") {
    inventory::Alert alert = test::alert();
    auto flow = test::flow();
    flow->client.address = {};
    flow->server.address = {};
    flow->client.address.octets[0] = flow->server.address.octets[0] = 0xfd;
    alert.parties.flow = flow;
    const auto found = read_cef(rendered(Rendering::cef, alert));
    CHECK(found.count("src") == 0);
    CHECK(found.at("c6a2") == "fd00::");
    CHECK(found.at("c6a2Label") == "Source IPv6 Address");
    CHECK(found.at("c6a3") == "fd00::");
}

TEST_CASE("cef: sessions have a beginning and an end, statistics what was blind") {
    const auto session = read_cef(rendered(Rendering::cef, test::session()));
    CHECK(session.at("header/4") == "mcp_session");
    CHECK(session.at("start") == "1790856000000");
    CHECK(session.at("end") == "1790856002500");
    CHECK(session.at("cn1Label") == "confidence");
    inventory::Stats stats;
    stats.payload.inspected = 5;
    stats.blind = {{"no_key", 7}, {"gap", 4}};
    const auto told = read_cef(rendered(Rendering::cef, stats));
    CHECK(told.at("cn1") == "5");
    CHECK(told.at("cn1Label") == "inspectedBytes");
    CHECK(told.at("cn3") == "11");
}

TEST_CASE("cef: what is no matter of a SIEM that takes CEF becomes no line") {
    for (const inventory::Record& record :
         {inventory::Record(inventory::HttpExchange{}), inventory::Record(inventory::FlowEnd{}),
          inventory::Record(inventory::TlsHandshake{}), inventory::Record(inventory::StreamEnd{})})
        CHECK(rendered(Rendering::cef, record).empty());
}
