#include <doctest/doctest.h>

#include "report/renderings/rendered.h"

using namespace umbratap;
using report::Rendering;
using test::Json;
using test::rendered;

TEST_CASE("zeek: an exchange goes to mcp.log, flat, with names that have dots") {
    inventory::Call call;
    call.parties = test::parties();
    call.time = test::at(5);
    call.method = "tools/call";
    call.tool = "read_file";
    const std::string line = rendered(Rendering::zeek, call);
    CHECK(line.starts_with(R"({"_path":"mcp","ts":1790856000.000005,"uid":"C7",)"
                           R"("id.orig_h":"10.0.0.1","id.orig_p":50000,"id.resp_h":"10.0.0.2",)"
                           R"("id.resp_p":8443,"community_id":"1:abc=","proto":"tcp",)"));
    Json zeek(line);
    CHECK(zeek.at("/method") == "tools/call");
    CHECK(zeek.at("/tool") == "read_file");
    CHECK(zeek.at("/host") == "mcp.example.com");
}

TEST_CASE("zeek: an alert is a notice") {
    Json notice(rendered(Rendering::zeek, test::alert()));
    CHECK(notice.at("/_path") == "notice");
    CHECK(notice.at("/note") == "MCP::Shadow_Server");
    CHECK(notice.at("/msg") == "MCP server that no policy approves");
    CHECK(notice.at("/src") == "10.0.0.1");
    CHECK(notice.at("/n") == "1");
}

TEST_CASE("zeek: each event type has its log, but for streams") {
    const std::pair<inventory::Record, const char*> logs[] = {
        {test::session(), "mcp_session"},     {inventory::InventoryChange{}, "known_mcp"},
        {inventory::Anomaly{}, "weird"},      {inventory::HttpExchange{}, "http"},
        {inventory::TlsHandshake{}, "ssl"},   {inventory::FlowEnd{}, "conn"},
        {inventory::Stats{}, "capture_loss"},
    };
    for (const auto& [record, path] : logs)
        CHECK(Json(rendered(Rendering::zeek, record)).at("/_path") == path);
    CHECK(rendered(Rendering::zeek, inventory::StreamEnd{}).empty());
}

TEST_CASE("zeek: a connection has the time of its first packet, and a duration") {
    inventory::FlowEnd end;
    end.flow.flow = test::flow();
    end.flow.time = test::at(2'500'000);
    Json conn(rendered(Rendering::zeek, end));
    CHECK(conn.at("/ts") == "1790856000.0");
    CHECK(conn.at("/duration") == "2.5");
}

TEST_CASE("zeek: loss is the part of the payload that was missing") {
    inventory::Stats stats;
    CHECK(Json(rendered(Rendering::zeek, stats)).at("/percent_lost") == "0.0");
    stats.payload.tcp = 3000;
    stats.payload.quic = 1000;
    stats.blind = {{"gap", 500}};
    CHECK(Json(rendered(Rendering::zeek, stats)).at("/percent_lost") == "12.5");
}
