// What a session is, and what counts in it: the rules of the event reference, one test each.
#include "inventory/inventory.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "inventory/wire.h"

using namespace umbratap;
using namespace umbratap::inventory;

namespace {

std::string initialize(const std::string& id = "1") {
    return R"({"jsonrpc":"2.0","id":)" + id +
           R"(,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"agent","version":"1"}}})";
}
std::string initialized_result(const std::string& id = "1") {
    return R"({"jsonrpc":"2.0","id":)" + id +
           R"(,"result":{"protocolVersion":"2025-03-26","capabilities":{"tools":{}},"serverInfo":{"name":"crm","version":"3"}}})";
}
std::string call(const std::string& id, const std::string& tool) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"tools/call","params":{"name":")" +
           tool + R"(","arguments":{}}})";
}
std::string result(const std::string& id) {
    return R"({"jsonrpc":"2.0","id":)" + id +
           R"(,"result":{"content":[{"type":"text","text":"done"}]}})";
}
std::string error(const std::string& id, int code) {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + std::to_string(code) +
           R"(,"message":"no"}})";
}

using Counts = std::map<std::string, std::uint64_t>;

/// The alerts in order: categories, for lookalikes the kind of likeness.
std::string alerts_of(const Wire& wire) {
    std::string alerts;
    for (const Alert& alert : wire.all<Alert>()) {
        if (alert.closing) continue;
        alerts += (alerts.empty() ? "" : ", ") +
                  (alert.category == "portal-lookalike" ? alert.matched : alert.category);
    }
    return alerts;
}

Policy portal_policy() {
    return Policy::read(detect::YamlNode::parse(
        "version: 1\nportals: [{name: portal, hosts: [portal.corp.example], require_tls: false}]",
        "policy.yaml"));
}

}  // namespace

TEST_CASE("a session id that a response assigns joins the request that it answers") {
    Wire wire;
    wire.exchange({.id_given = "s1"}, initialize(), initialized_result());
    wire.exchange({.id_sent = "s1"}, call("2", "search"), result("2"));
    wire.finish();
    const auto sessions = wire.all<Session>();
    REQUIRE(sessions.size() == 1);
    CHECK(sessions[0].session_id == "s1");
    CHECK(sessions[0].methods == Counts{{"initialize", 1}, {"tools/call", 1}});
    CHECK(sessions[0].tools_called == Counts{{"search", 1}});
    CHECK(sessions[0].protocol_version == "2025-03-26");  // what was answered, not what was offered
    CHECK(sessions[0].parties.client.name == "agent");
    CHECK(sessions[0].parties.server.name == "crm");
    CHECK(sessions[0].parties.host == "tools.example");
}

TEST_CASE("a call is told with its answer: outcome and duration") {
    Wire wire;
    wire.exchange({}, initialize(), initialized_result());
    wire.now += 1;
    auto open = wire.begin({});
    wire.say(open, http::Direction::to_server, call("2", "search"));
    open = wire.answered(open, {});
    wire.now += 0.25;
    wire.say(open, http::Direction::to_client, result("2"));
    const auto calls = wire.all<Call>();
    REQUIRE(calls.size() == 2);
    CHECK(calls[1].outcome == Outcome::ok);
    CHECK(calls[1].duration_ms == doctest::Approx(250));
    CHECK(calls[1].tool == "search");
}

TEST_CASE("a refused initialize starts no session, and counts in the one that follows") {
    Wire wire;
    wire.exchange({.status = 401}, initialize(), "");
    CHECK(wire.all<Session>().empty());
    wire.exchange({.id_given = "s1"}, initialize(), initialized_result());
    wire.finish();
    const auto sessions = wire.all<Session>();
    REQUIRE(sessions.size() == 1);
    CHECK(sessions[0].methods.at("initialize") == 2);
    CHECK(sessions[0].refused == 1);
    CHECK(wire.all<Call>()[0].outcome == Outcome::refused);
}

TEST_CASE("an initialize that is answered with an error takes its session back") {
    Wire wire;
    wire.exchange({}, initialize(), error("1", -32602));
    wire.finish();
    CHECK(wire.all<Session>().empty());
    CHECK(wire.all<Alert>().empty());
    REQUIRE(wire.all<Call>().size() == 1);
    CHECK(wire.all<Call>()[0].outcome == Outcome::refused);
}

TEST_CASE("a call with a dead session id counts in no session") {
    Wire wire;
    wire.exchange(
        {.id_sent = "dead", .status = 404}, call("7", "search"),
        R"({"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}})");
    wire.finish();
    CHECK(wire.all<Session>().empty());
    REQUIRE(wire.all<Call>().size() == 1);
    CHECK(wire.all<Call>()[0].outcome == Outcome::refused);
}

TEST_CASE("an ordinary JSON-RPC error is an answer, whatever the status around it says") {
    Wire wire;
    wire.exchange({.id_given = "s1"}, initialize(), initialized_result());
    wire.exchange({.id_sent = "s1", .status = 404}, call("2", "search"), error("2", -32601));
    wire.finish();
    REQUIRE(wire.all<Session>().size() == 1);
    CHECK(wire.all<Session>()[0].methods.at("tools/call") == 1);
    CHECK(wire.all<Call>()[1].outcome == Outcome::error);
}

TEST_CASE("without a session id each initialize begins a new session") {
    Wire wire;
    for (int i = 0; i < 3; ++i) {
        wire.exchange({}, initialize(), initialized_result());
        wire.exchange({}, call("2", "search"), result("2"));
    }
    wire.finish();
    REQUIRE(wire.all<Session>().size() == 3);
    for (const Session& session : wire.all<Session>())
        CHECK(session.methods == Counts{{"initialize", 1}, {"tools/call", 1}});
}

TEST_CASE("fifteen idle minutes end a session") {
    Wire wire;
    wire.exchange({}, initialize(), initialized_result());
    wire.now += 16 * 60;
    wire.inventory.tick(at(wire.now), wire.told);
    CHECK(wire.all<Session>().size() == 1);
    wire.exchange({}, call("2", "search"), result("2"));
    wire.finish();
    CHECK(wire.all<Session>().size() == 2);
}

TEST_CASE("a DELETE that is taken ends its session") {
    Wire wire;
    wire.exchange({.id_given = "s1"}, initialize(), initialized_result());
    wire.exchange({.id_sent = "s1", .method = "DELETE"}, "", "");
    wire.now += 10;
    wire.inventory.tick(at(wire.now), wire.told);
    CHECK(wire.all<Session>().size() == 1);
}

TEST_CASE("other JSON-RPC opens nothing") {
    Wire wire;
    wire.exchange({}, R"({"jsonrpc":"2.0","id":1,"method":"eth_call","params":[]})",
                  R"({"jsonrpc":"2.0","id":1,"result":"0x"})");
    wire.exchange({}, R"({"jsonrpc":"2.0","id":2,"method":"ping"})", result("2"));
    wire.finish();
    CHECK(wire.all<Session>().empty());
    CHECK(wire.all<Call>().empty());
    CHECK(wire.all<Alert>().empty());
}

TEST_CASE("an answer that looks like MCP's opens nothing if the question was none of MCP's") {
    const std::string prompts = R"(,"result":{"prompts":[{"name":"welcome mail"}]}})";
    const std::string handshake = initialized_result("2");
    Wire wire;
    wire.exchange({}, R"({"jsonrpc":"2.0","id":1,"method":"library.prompts","params":{}})",
                  R"({"jsonrpc":"2.0","id":1)" + prompts);
    CHECK(wire.all<InventoryChange>().empty());
    // What MCP alone says counts, whatever was asked.
    wire.exchange({}, R"({"jsonrpc":"2.0","id":2,"method":"hello"})", handshake);
    // And so does an answer whose question was not seen.
    wire.exchange({.target = "/late"}, "", R"({"jsonrpc":"2.0","id":3)" + prompts);
    wire.finish();
    CHECK(wire.all<Session>().size() == 2);
}

TEST_CASE("a message in a body that was not posted, or that asks the client, is a file") {
    Wire wire;
    wire.exchange({.target = "/call.json", .method = "GET"}, "", call("1", "search"));
    wire.exchange({.target = "/hello.json", .method = "GET"}, "", initialized_result());
    wire.exchange({.target = "/call.json", .method = "PUT", .status = 201}, call("1", "search"),
                  "");
    wire.exchange({}, R"({"text":"look"})", call("1", "search"));
    wire.finish();
    CHECK(wire.all<Session>().empty());
    CHECK(wire.all<Call>().empty());
    CHECK(wire.all<Alert>().empty());
}

TEST_CASE("a message in a body that was not posted counts once it is answered") {
    Wire wire;
    wire.exchange({.method = "PUT"}, call("1", "search"), result("1"));
    wire.exchange({.target = "/stored.json", .method = "PUT"}, call("2", "search"), result("3"));
    wire.exchange({.target = "/echoed.json", .method = "PUT"}, call("4", "search"),
                  call("4", "search"));
    wire.finish();
    REQUIRE(wire.all<Session>().size() == 1);
    CHECK(wire.all<Session>()[0].parties.path == "/mcp");
    CHECK(wire.all<Session>()[0].tools_called.at("search") == 1);
}

TEST_CASE("what is answered by a head that can bring no answer opens nothing") {
    Wire wire;
    wire.exchange({.target = "/ingest", .status = 204}, call("1", "search"), "");
    CHECK(wire.all<InventoryChange>().empty());
    wire.exchange({.target = "/odd", .status = 201}, call("1", "search"), result("1"));
    wire.finish();
    REQUIRE(wire.all<Session>().size() == 1);
    CHECK(wire.all<Session>()[0].parties.path == "/odd");
}

TEST_CASE("a record in which one side asks and answers is no conversation") {
    Wire wire;
    const std::string record = call("1", "search") + "\n" + result("1") + "\n" + call("2", "find");
    wire.exchange({.target = "/ingest"}, record, "");
    auto stream = wire.begin({});
    wire.say(stream, http::Direction::to_server, record, http::TextKind::line);
    wire.inventory.tick(at(200), wire.told);
    CHECK(wire.all<InventoryChange>().empty());
    SUBCASE("unless the other side answers") {
        wire.say(stream, http::Direction::to_client, result("2"), http::TextKind::line);
        wire.say(stream, http::Direction::to_server, call("3", "find"), http::TextKind::line);
        wire.finish();
        CHECK(wire.all<Session>().size() == 1);
    }
    SUBCASE("nor is it at the end") {
        wire.finish();
        CHECK(wire.all<Session>().empty());
    }
}

TEST_CASE("on a bare stream a request waits until the server speaks, for a minute at most") {
    Wire wire;
    wire.inventory.tick(at(wire.now), wire.told);
    auto stream = wire.begin({});
    wire.say(stream, http::Direction::to_server, call("1", "search"), http::TextKind::line);
    CHECK(wire.all<InventoryChange>().empty());
    SUBCASE("it speaks") {
        wire.say(stream, http::Direction::to_client, result("1"), http::TextKind::line);
        CHECK(wire.all<Call>().size() == 1);
    }
    SUBCASE("it is not seen to speak") {
        wire.inventory.tick(at(wire.now + 61), wire.told);
    }
    CHECK(!wire.all<InventoryChange>().empty());
}

TEST_CASE("the old transport: requests go one way, answers come on the event stream") {
    Wire wire;
    auto stream = wire.begin({.target = "/events", .method = "GET"});
    stream = wire.answered(stream, {});
    wire.push(EndpointSighting{stream, at(wire.now), ++wire.packet, "/rpc?sessionId=abc", {}});
    wire.exchange({.target = "/rpc?sessionId=abc", .status = 202}, initialize(), "");
    wire.say(stream, http::Direction::to_client, initialized_result(), http::TextKind::event);
    wire.exchange({.target = "/rpc?sessionId=abc", .status = 202}, call("2", "search"), "");
    wire.say(stream, http::Direction::to_client, result("2"), http::TextKind::event);
    wire.finish();
    const auto sessions = wire.all<Session>();
    REQUIRE(sessions.size() == 1);
    CHECK(sessions[0].transport == Transport::http_sse);
    CHECK(sessions[0].parties.path == "/events");
    CHECK(sessions[0].session_id == "abc");
    REQUIRE(wire.all<Call>().size() == 2);
    CHECK(wire.all<Call>()[1].outcome == Outcome::ok);
}

TEST_CASE("what nobody answers is told at the end as unanswered") {
    Wire wire;
    wire.exchange({.id_given = "s1"}, initialize(), initialized_result());
    wire.exchange({.id_sent = "s1"}, call("2", "search"), "");
    wire.finish();
    REQUIRE(wire.all<Call>().size() == 2);
    CHECK(wire.all<Call>()[1].outcome == Outcome::unanswered);
}

TEST_CASE("shadow servers raise one alert a window, with a count") {
    Wire wire;
    for (int i = 0; i < 3; ++i) wire.exchange({}, initialize(), initialized_result());
    REQUIRE(wire.alerts_of("shadow-server").size() == 1);
    CHECK(wire.alerts_of("shadow-server")[0].count == 1);
    wire.finish();
    const auto alerts = wire.alerts_of("shadow-server");
    REQUIRE(alerts.size() == 2);
    CHECK(alerts[1].closing);
    CHECK(alerts[1].id == alerts[0].id);
    CHECK(alerts[1].count == 3);
}

TEST_CASE("a message that only another reading holds is an evasion, and counts in no session") {
    Wire wire;
    wire.exchange({.id_given = "s1"}, initialize(), initialized_result());
    auto open = wire.begin({.id_sent = "s1"});
    wire.say(open, http::Direction::to_server, call("2", "search"));
    wire.say(open, http::Direction::to_server, call("2", "delete_all"), http::TextKind::body, true);
    open = wire.answered(open, {.id_sent = "s1"});
    wire.say(open, http::Direction::to_client, result("2"));
    wire.finish();
    REQUIRE(wire.all<Session>().size() == 1);
    CHECK(wire.all<Session>()[0].tools_called == Counts{{"search", 1}});
    const auto alerts = wire.alerts_of("evasion");
    REQUIRE(alerts.size() == 1);
    CHECK(alerts[0].where == "request.other_reading");
    CHECK(alerts[0].excerpt == "tools/call delete_all");
    CHECK(alerts[0].tool == "delete_all");
    CHECK(alerts[0].session_id == "s1");
    CHECK(alerts[0].verdict == Verdict::shadow);
}

TEST_CASE("MCP that only another reading holds is an evasion, whatever the first reading holds") {
    Wire wire;
    const auto open = wire.begin({.target = "/upload"});
    wire.say(open, http::Direction::to_server, initialize(), http::TextKind::body, true);
    wire.answered(open, {});
    wire.finish();
    CHECK(wire.all<Session>().empty());
    REQUIRE(wire.all<Alert>().size() == 1);
    CHECK(wire.all<Alert>()[0].category == "evasion");
    CHECK(wire.all<Alert>()[0].excerpt == "initialize");
}

TEST_CASE("another reading that is no MCP is no evasion") {
    Wire wire;
    const auto open = wire.begin({.target = "/rpc"});
    wire.say(open, http::Direction::to_server,
             R"({"jsonrpc":"2.0","id":1,"method":"eth_call","params":[]})", http::TextKind::body,
             true);
    wire.answered(open, {});
    wire.finish();
    CHECK(wire.all<Alert>().empty());
}

TEST_CASE("a server whose name looks like the portal's is a lookalike") {
    const auto told = [](const std::string& host, const std::string& server_name) {
        Wire wire(portal_policy());
        wire.host = host;
        wire.server_name = server_name;
        for (int i = 0; i < 2; ++i) wire.exchange({}, initialize(), initialized_result());
        wire.finish();
        return alerts_of(wire);
    };
    CHECK(told("portal.corp.example", "portal.corp.example") == "");
    CHECK(told("portal.corp.example", "") == "");
    CHECK(told("tools.example", "tools.example") == "shadow-server");
    CHECK(told("portal.corp.example.evil.example", "") == "cleartext-mcp, embedded, shadow-server");
    CHECK(told("porta1.corp.example", "porta1.corp.example") == "homograph, shadow-server");
    CHECK(told("portal.corp.example", "evil.example") == "contradicted, shadow-server");
    CHECK(told("evil.example", "portal.corp.example") == "contradicted, shadow-server");
}

TEST_CASE("a lookalike alert says whose name was borrowed, and where") {
    Wire wire(portal_policy());
    wire.host = "portal.corp.example";
    wire.server_name = "evil.example";
    wire.exchange({}, initialize(), initialized_result());
    wire.finish();
    const Alert alert = wire.all<Alert>().at(0);
    CHECK(alert.where == "tls.sni");
    CHECK(alert.excerpt == "evil.example");
    CHECK(alert.metadata.at("approved_name") == std::vector<std::string>{"portal.corp.example"});
    CHECK(alert.metadata.at("policy_entry") == std::vector<std::string>{"portal"});
    CHECK(alert.severity == 1);
}

TEST_CASE("a name without content may be a lookalike, too") {
    const auto told = [](const std::string& name, const std::string& protocol) {
        Wire wire(portal_policy());
        wire.push(NameSighting{wire.flow, at(1), 1, name, protocol, "label", "", 3});
        wire.finish();
        return alerts_of(wire);
    };
    for (const char* protocol : {"tls", "dns"}) {
        CAPTURE(protocol);
        CHECK(told("portal.corp.example", protocol) == "");
        CHECK(told("mcp.stranger.example", protocol) == "suspected-mcp");
        CHECK(told("portal-corp-example.evil.example", protocol) == "embedded, suspected-mcp");
    }
}
