#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "inventory/wire.h"

namespace umbratap::inventory {
namespace {

using Lines = std::vector<std::string>;

const std::string hello =
    R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18",)"
    R"("capabilities":{},"clientInfo":{"name":"c","version":"1"}}})";
const std::string welcome =
    R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{},)"
    R"("serverInfo":{"name":"s","version":"1"}}})";
const std::string call =
    R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"drop","arguments":{}}})";
const std::string done = R"({"jsonrpc":"2.0","id":1,"result":{"content":[]}})";
const std::string mismatch =
    R"({"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"header mismatch"}})";

TEST_CASE("conduct: what a server makes of an ambiguous message decides how bad it is") {
    const auto told = [](const std::string& answer, std::uint16_t status) {
        Wire wire;
        wire.exchange({}, hello, welcome);
        wire.exchange({.status = status, .fields = {{"Mcp-Method", "tools/list"}}}, call, answer);
        wire.finish();
        Lines lines = wire.alerts("evasion");
        for (const Alert& alert : wire.all<Alert>()) {
            if (alert.category == "evasion")
                lines.push_back(alert.metadata.at("server_reaction").front());
        }
        return lines;
    };
    CHECK(told(done, 200) == Lines{"method-header-differs 1", "executed"});
    CHECK(told(mismatch, 400) == Lines{"method-header-differs 3", "refused"});
    CHECK(told(mismatch, 200) == Lines{"method-header-differs 3", "refused"});
    CHECK(told("", 200) == Lines{"method-header-differs 2", "unanswered"});
}

TEST_CASE("conduct: a header that agrees is nothing to tell") {
    Wire wire;
    wire.exchange({}, hello, welcome);
    wire.exchange({.fields = {{"Mcp-Method", "tools/call"}, {"Mcp-Name", "drop"}}}, call, done);
    wire.finish();
    CHECK(wire.alerts("evasion").empty());
}

TEST_CASE("conduct: packets that overlap with other bytes are an evasion where MCP runs") {
    const Problem overlap("tcp.conflicting_overlap");
    for (const bool before : {true, false}) {
        CAPTURE(before);
        Wire wire;
        const AnomalySighting problem{wire.flow, at(1), 1, overlap};
        if (before) wire.push(problem);
        wire.exchange({}, hello, welcome);
        if (!before) wire.push(problem);
        wire.exchange({}, call, done);
        wire.finish();
        CHECK(wire.alerts("evasion") == Lines{"conflicting-overlap 1"});
    }
    Wire none;
    none.push(AnomalySighting{none.flow, at(1), 1, overlap});
    none.finish();
    CHECK(none.alerts("evasion").empty());
    Wire hole;
    hole.exchange({}, hello, welcome);
    hole.push(AnomalySighting{hole.flow, at(1), 1, Problem("tcp.hole")});
    hole.exchange({}, call, done);
    hole.finish();
    CHECK(hole.alerts("evasion").empty());
}

TEST_CASE("conduct: a server that serves who brings no credentials is told, once") {
    Wire wire;
    wire.exchange({}, hello, welcome);
    CHECK(wire.alerts("unauthenticated-server").empty());  // a handshake is for everybody
    wire.exchange({}, call, done);
    wire.exchange({}, call, done);
    wire.finish();
    CHECK(wire.alerts("unauthenticated-server") == Lines{"tools/call 3"});
}

TEST_CASE("conduct: credentials, in whatever field, are credentials; a refusal serves nobody") {
    for (const char* field : {"Authorization", "Cookie", "X-API-Key"}) {
        Wire wire;
        wire.exchange({.fields = {{field, "x"}}}, hello, welcome);
        wire.exchange({.fields = {{field, "x"}}}, call, done);
        wire.finish();
        CHECK(wire.alerts("unauthenticated-server").empty());
    }
    Wire refused;
    refused.exchange({}, hello, welcome);
    refused.exchange({.status = 401}, call, "");
    refused.finish();
    CHECK(refused.alerts("unauthenticated-server").empty());
}

TEST_CASE("conduct: MCP without TLS is told off loopback only, and not where TLS was taken off") {
    Wire clear;
    clear.exchange({}, hello, welcome);
    clear.finish();
    CHECK(clear.alerts("cleartext-mcp").size() == 1);
    Wire encrypted;
    encrypted.server_name = "tools.example";
    encrypted.exchange({}, hello, welcome);
    encrypted.finish();
    CHECK(encrypted.alerts("cleartext-mcp").empty());
    Wire loopback;
    const std::uint8_t here[] = {127, 0, 0, 1};
    loopback.flow->server.address = packet::Address::from_v4(here);
    loopback.exchange({}, hello, welcome);
    loopback.exchange({}, call, done);
    loopback.finish();
    CHECK(loopback.alerts("cleartext-mcp").empty());
    CHECK(loopback.alerts("unauthenticated-server").empty());
    Wire mirrored;
    capture::Origin origin;
    origin.decrypted = true;
    mirrored.flow->origin = &origin;
    mirrored.exchange({}, hello, welcome);
    mirrored.finish();
    CHECK(mirrored.alerts("cleartext-mcp").empty());
}

}  // namespace
}  // namespace umbratap::inventory
