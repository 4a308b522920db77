#include <doctest/doctest.h>

#include "report/renderings/rendered.h"

using namespace umbratap;
using report::Rendering;
using test::Json;
using test::rendered;

TEST_CASE(
    "ocsf: an alert is a Detection Finding that is created, and closed when its window ends") {
    inventory::Alert alert = test::alert();
    alert.metadata["mitre_atlas"] = {"AML.T0053"};
    alert.matched = "mcp-initialize";
    Json created(rendered(Rendering::ocsf, alert));
    CHECK(created.at("/class_uid") == "2004");
    CHECK(created.at("/type_uid") == "200401");
    CHECK(created.at("/severity_id") == "4");
    CHECK(created.at("/is_alert") == "true");
    CHECK(created.at("/time") == "1790856000000");
    CHECK(created.at("/metadata/version") == "1.8.0");
    CHECK(created.at("/metadata/profiles") == "(absent)");
    CHECK(created.at("/finding_info/uid") == "a1");
    CHECK(created.at("/finding_info/attacks/0/technique/uid") == "AML.T0053");
    CHECK(created.at("/evidences/0/src_endpoint/ip") == "10.0.0.1");
    CHECK(created.at("/evidences/0/data/matched") == "mcp-initialize");
    CHECK(created.at("/unmapped/mcp/verdict") == "shadow");
    alert.closing = true;
    alert.count = 12;
    Json closed(rendered(Rendering::ocsf, alert));
    CHECK(closed.at("/type_uid") == "200403");
    CHECK(closed.at("/finding_info/uid") == "a1");
    CHECK(closed.at("/is_alert") == "false");
    CHECK(closed.at("/count") == "12");
}

TEST_CASE("ocsf: an exchange is API Activity with the profile of AI operations") {
    inventory::Call call;
    call.parties = test::parties();
    call.method = "tools/list";
    call.id = "7";
    Json list(rendered(Rendering::ocsf, call));
    CHECK(list.at("/type_uid") == "600302");
    CHECK(list.at("/metadata/profiles") == R"(["ai_operation"])");
    CHECK(list.at("/api/operation") == "tools/list");
    CHECK(list.at("/api/request/uid") == "7");
    CHECK(list.at("/api/service/name") == "files");
    CHECK(list.at("/actor/app_name") == "inspector");
    CHECK(list.at("/status_id") == "1");
    call.method = "tools/call";
    call.tool = "read_file";
    call.parties.client = {};
    call.outcome = inventory::Outcome::error;
    call.error_code = -32602;
    Json failed(rendered(Rendering::ocsf, call));
    CHECK(failed.at("/type_uid") == "600399");
    CHECK(failed.at("/activity_name") == "tools/call");
    CHECK(failed.at("/resources/0/name") == "read_file");
    CHECK(failed.at("/actor/app_name") == "unknown");
    CHECK(failed.at("/status_id") == "2");
    CHECK(failed.at("/status_code") == "-32602");
    CHECK(failed.at("/message_context/ai_role_id") == "3");
}

TEST_CASE("ocsf: a new server, a flow and an HTTP exchange have a class") {
    inventory::InventoryChange change;
    change.parties = test::parties();
    change.kind = "server";
    change.change = "new";
    Json server(rendered(Rendering::ocsf, change));
    CHECK(server.at("/type_uid") == "500101");
    CHECK(server.at("/device/hostname") == "mcp.example.com");
    inventory::FlowEnd end;
    end.flow.flow = test::flow();
    end.flow.packets[0] = 3;
    Json flow(rendered(Rendering::ocsf, end));
    CHECK(flow.at("/type_uid") == "400106");
    CHECK(flow.at("/traffic/packets_out") == "3");
    CHECK(flow.at("/connection_info/uid") == "7");
    CHECK(Json(rendered(Rendering::ocsf, inventory::HttpExchange{})).at("/type_uid") == "400200");
}

TEST_CASE("ocsf: what has no class becomes no line, and is no mistake") {
    inventory::InventoryChange tool;
    tool.kind = "tool";
    for (const inventory::Record& record :
         {inventory::Record(tool), inventory::Record(test::session()),
          inventory::Record(inventory::Stats{}), inventory::Record(inventory::Anomaly{}),
          inventory::Record(inventory::TlsHandshake{}), inventory::Record(inventory::StreamEnd{})})
        CHECK(rendered(Rendering::ocsf, record).empty());
}
