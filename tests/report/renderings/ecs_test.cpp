#include <doctest/doctest.h>

#include "report/renderings/rendered.h"

using namespace umbratap;
using report::Rendering;
using test::Json;
using test::rendered;

TEST_CASE("ecs: an alert says what rule, which technique, who and whom") {
    inventory::Alert alert = test::alert();
    alert.metadata["mitre_atlas"] = {"AML.T0010.005"};
    Json ecs(rendered(Rendering::ecs, alert));
    CHECK(ecs.at("/@timestamp") == "2026-10-01T12:00:00.000001Z");
    CHECK(ecs.at("/ecs/version") == "8.11.0");
    CHECK(ecs.at("/event/kind") == "alert");
    CHECK(ecs.at("/event/category") == R"(["network","intrusion_detection"])");
    CHECK(ecs.at("/event/dataset") == "umbratap.alert");
    CHECK(ecs.at("/event/action") == "shadow-server");
    CHECK(ecs.at("/event/severity") == "73");
    CHECK(ecs.at("/rule/id") == "9001");
    CHECK(ecs.at("/rule/name") == "MCP server that no policy approves");
    CHECK(ecs.at("/threat/framework") == "MITRE ATLAS");
    CHECK(ecs.at("/threat/technique/id") == R"(["AML.T0010.005"])");
    CHECK(ecs.at("/source/ip") == "10.0.0.1");
    CHECK(ecs.at("/destination/port") == "8443");
    CHECK(ecs.at("/destination/domain") == "mcp.example.com");
    CHECK(ecs.at("/network/community_id") == "1:abc=");
    CHECK(ecs.at("/network/transport") == "tcp");
    CHECK(ecs.at("/tls/version") == "1.3");
    CHECK(ecs.at("/related/hosts") == R"(["mcp.example.com"])");
    CHECK(ecs.at("/umbratap/alert/id") == "a1");
    CHECK(ecs.at("/mcp/verdict") == "shadow");
}

TEST_CASE("ecs: an exchange has an outcome and a duration in nanoseconds") {
    inventory::Call call;
    call.parties = test::parties();
    call.parties.tls = "none";
    call.method = "tools/call";
    call.tool = "read_file";
    call.answered = true;
    call.duration_ms = 12.5;
    Json ecs(rendered(Rendering::ecs, call));
    CHECK(ecs.at("/event/outcome") == "success");
    CHECK(ecs.at("/event/duration") == "12500000");
    CHECK(ecs.at("/event/action") == "tools/call");
    CHECK(ecs.at("/event/severity") == "(absent)");
    CHECK(ecs.at("/gen_ai/tool/name") == "read_file");
    CHECK(ecs.at("/tls/version") == "(absent)");
    call.outcome = inventory::Outcome::refused;
    Json refused(rendered(Rendering::ecs, call));
    CHECK(refused.at("/event/outcome") == "failure");
    CHECK(refused.at("/event/type") == R"(["denied"])");
    call.outcome = inventory::Outcome::unanswered;
    CHECK(Json(rendered(Rendering::ecs, call)).at("/event/outcome") == "unknown");
}

TEST_CASE("ecs: every event type has a place") {
    const std::pair<inventory::Record, const char*> places[] = {
        {test::session(), R"(["network","session"])"},
        {inventory::InventoryChange{}, R"(["network","configuration"])"},
        {inventory::Anomaly{}, R"(["network"])"},
        {inventory::HttpExchange{}, R"(["network","web"])"},
        {inventory::TlsHandshake{}, R"(["network"])"},
        {inventory::FlowEnd{}, R"(["network"])"},
        {inventory::StreamEnd{}, R"(["network"])"},
        {inventory::Stats{}, R"(["network"])"},
    };
    for (const auto& [record, category] : places)
        CHECK(Json(rendered(Rendering::ecs, record)).at("/event/category") == category);
}
