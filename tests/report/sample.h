// Records that tests render: one conversation of a client with a server, and what may be said of
// it.
#pragma once

#include <memory>
#include <string>

#include "inventory/records.h"

namespace umbratap::test {

inline packet::Address address(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    const std::uint8_t octets[] = {a, b, c, d};
    return packet::Address::from_v4(octets);
}

/// 2026-10-01T12:00:00Z and so many microseconds.
inline Time at(std::int64_t microseconds) {
    return Time(std::chrono::seconds(1'790'856'000) + std::chrono::microseconds(microseconds));
}

inline const capture::Origin& file_origin() {
    static const capture::Origin origin{"a.pcapng", true};
    return origin;
}

inline std::shared_ptr<inventory::Flow> flow() {
    auto flow = std::make_shared<inventory::Flow>();
    flow->id = 7;
    flow->client = {address(10, 0, 0, 1), 50'000};
    flow->server = {address(10, 0, 0, 2), 8443};
    flow->community_id = "1:abc=";
    flow->origin = &file_origin();
    flow->start = at(0);
    return flow;
}

inline inventory::Parties parties() {
    inventory::Parties parties;
    parties.flow = flow();
    parties.host = "mcp.example.com";
    parties.path = "/mcp";
    parties.server_name = "mcp.example.com";
    parties.port = 8443;
    parties.tls = "1.3";
    parties.http_version = "2";
    parties.user_agent = "agent/1";
    parties.client = {"inspector", "0.9"};
    parties.server = {"files", "1.2"};
    return parties;
}

inline inventory::Session session() {
    inventory::Session session;
    session.parties = parties();
    session.protocol_version = "2025-11-25";
    session.session_id = "s-1";
    session.start = at(0);
    session.end = at(2'500'000);
    session.packet_number = 99;
    session.methods = {{"initialize", 1}, {"tools/call", 2}};
    session.tools_called = {{"read_file", 2}};
    session.tools_listed = {"read_file", "write_file"};
    session.bytes_to_server = 300;
    session.bytes_to_client = 900;
    session.confidence = 99;
    session.evidence = {"mcp-initialize"};
    return session;
}

inline inventory::Alert alert() {
    inventory::Alert alert;
    alert.parties = parties();
    alert.time = at(1);
    alert.packet_number = 12;
    alert.id = "a1";
    alert.category = "shadow-server";
    alert.signature = "MCP server that no policy approves";
    alert.signature_id = 9001;
    alert.severity = 2;
    alert.metadata = {{"owasp_mcp", {"MCP09"}}};
    alert.verdict = inventory::Verdict::shadow;
    return alert;
}

}  // namespace umbratap::test
