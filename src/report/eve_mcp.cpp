// The parts of an event that speak of MCP. What was not seen is absent.
#include "report/eve_mcp.h"

#include "report/eve.h"
#include "report/url.h"

namespace umbratap::report {

namespace {

using namespace inventory;

void write_timestamp(JsonWriter& json, std::string_view key, Time time) {
    std::string& out = json.key(key);
    out.push_back('"');
    append_timestamp(time, out);
    out.push_back('"');
}

void write_named(JsonWriter& json, std::string_view object, std::string_view key,
                 std::string_view value) {
    if (value.empty()) return;
    json.open(object);
    json.text(key, value);
    json.close();
}

// Behind an explicit proxy the address of the server is not known, and that of the proxy is not the
// server's.
void write_server(JsonWriter& json, const Parties& parties) {
    json.open("server");
    json.text("name", parties.server.name);
    json.text("version", parties.server.version);
    json.text("host", parties.host);
    json.text("path", parties.path);
    if (!parties.proxy && parties.flow) {
        std::string& out = json.key("ip");
        out.push_back('"');
        append_address(parties.flow->server.address, out);
        out.push_back('"');
    }
    const std::uint16_t flow_port =
        !parties.proxy && parties.flow ? parties.flow->server.port : std::uint16_t{0};
    if (const std::uint16_t port = parties.port != 0 ? parties.port : flow_port; port != 0)
        json.number("port", port);
    json.text("sni", parties.server_name);
    json.close();
}

void write_parties(JsonWriter& json, const Parties& parties) {
    json.open("client");
    json.text("name", parties.client.name);
    json.text("version", parties.client.version);
    json.text("user_agent", parties.user_agent);
    json.close();
    write_server(json, parties);
    if (parties.proxy) {
        json.open("proxy");
        std::string& out = json.key("ip");
        out.push_back('"');
        append_address(parties.proxy->endpoint.address, out);
        out.push_back('"');
        json.number("port", parties.proxy->endpoint.port);
        json.text("kind", parties.proxy->kind);
        json.close();
    }
    json.text("http_version", parties.http_version);
    json.text("tls", parties.tls);
}

// OpenTelemetry's `jsonrpc.request.id` is a string; the id is JSON.
void write_request_id(JsonWriter& json, const std::string& id) {
    if (id.empty()) return;
    json.open("jsonrpc");
    json.open("request");
    if (id.size() <= 4096 && id.front() == '"') {
        json.json("id", id);
    } else {
        json.text("id", id);
    }
    json.close();
    json.close();
}

void write_tool_and_prompt(JsonWriter& json, const std::string& tool, const std::string& prompt) {
    json.open("gen_ai");
    write_named(json, "tool", "name", tool);
    write_named(json, "prompt", "name", prompt);
    json.close();
}

void write_tokens(JsonWriter& json, const char* name, std::uint64_t tokens) {
    if (tokens != 0) json.number(name, tokens);
}

void write_outcome(JsonWriter& json, const Call& call) {
    // A notification has no answer, hence no outcome, unless HTTP refused it.
    if (!call.notification || call.outcome == Outcome::refused)
        json.text("outcome", to_string(call.outcome));
    const bool failed = call.outcome == Outcome::error || call.outcome == Outcome::refused;
    if (failed && (call.error_code != 0 || !call.error_message.empty())) {
        json.open("error");
        json.integer("code", call.error_code);
        json.text("message", call.error_message);
        json.close();
    }
}

}  // namespace

void write_call(JsonWriter& json, const Call& call) {
    json.open("mcp");
    json.text("kind", call.notification ? "notification" : "request");
    json.text("sender", call.from_server ? "server" : "client");
    write_named(json, "method", "name", call.method);
    write_named(json, "protocol", "version", call.protocol_version);
    write_named(json, "session", "id", call.session_id);
    json.text("transport", to_string(call.transport));
    if (!call.resource_uri.empty())
        write_named(json, "resource", "uri", without_credentials(call.resource_uri));
    write_parties(json, call.parties);
    json.text("verdict", to_string(call.verdict));
    json.number("request_bytes", call.request_bytes);
    if (call.answered) {
        json.number("response_bytes", call.response_bytes);
        json.milliseconds("duration_ms", call.duration_ms);
    }
    write_tokens(json, "argument_tokens_estimate", call.argument_tokens);
    write_tokens(json, "result_tokens_estimate", call.result_tokens);
    write_outcome(json, call);
    json.json("arguments", call.arguments);
    json.json("result", call.result);
    json.close();
    write_tool_and_prompt(json, call.tool, call.prompt);
    write_request_id(json, call.id);
}

void write_session(JsonWriter& json, const Session& session) {
    json.open("mcp");
    json.text("transport", to_string(session.transport));
    write_named(json, "protocol", "version", session.protocol_version);
    json.open("session");
    json.text("id", session.session_id);
    write_timestamp(json, "start", session.start);
    write_timestamp(json, "end", session.end);
    json.close();
    write_parties(json, session.parties);
    if (!session.methods.empty()) json.counts("methods", session.methods);
    if (!session.server_methods.empty()) json.counts("server_methods", session.server_methods);
    if (!session.tools_called.empty()) json.counts("tools_called", session.tools_called);
    json.texts("tools_listed", session.tools_listed);
    if (session.tools_listed_truncated) json.truth("tools_listed_truncated", true);
    json.number("errors", session.errors);
    json.number("tool_errors", session.tool_errors);
    json.number("refused", session.refused);
    json.number("bytes_to_server", session.bytes_to_server);
    json.number("bytes_to_client", session.bytes_to_client);
    write_tokens(json, "list_tokens_estimate", session.list_tokens);
    write_tokens(json, "argument_tokens_estimate", session.argument_tokens);
    write_tokens(json, "result_tokens_estimate", session.result_tokens);
    json.text("verdict", to_string(session.judgement.verdict));
    json.text("policy_entry", session.judgement.entry);
    json.number("confidence", session.confidence);
    json.texts("evidence", session.evidence);
    json.close();
}

void write_alert(JsonWriter& json, const Alert& alert) {
    json.open("alert");
    json.text("action", "allowed");  // passive: nothing was stopped
    json.number("gid", 1);
    json.number("signature_id", alert.signature_id);
    json.integer("rev", alert.rev);
    json.text("signature", alert.signature);
    json.text("category", alert.category);
    json.integer("severity", alert.severity);
    json.number("count", alert.count);
    json.text("id", alert.id);
    if (alert.closing) json.truth("closing", true);
    json.open("metadata");
    for (const auto& [name, values] : alert.metadata) json.texts_of(name, values);
    json.close();
    json.open("evidence");
    json.text("matched", alert.matched);
    json.text("where", alert.where);
    json.text("excerpt", alert.excerpt);
    if (!alert.parts.empty()) json.texts("parts", alert.parts);
    json.close();
    json.close();
    json.open("mcp");
    write_named(json, "method", "name", alert.method);
    write_named(json, "protocol", "version", alert.protocol_version);
    write_named(json, "session", "id", alert.session_id);
    if (alert.transport) json.text("transport", to_string(*alert.transport));
    write_parties(json, alert.parties);
    if (alert.verdict) json.text("verdict", to_string(*alert.verdict));
    if (alert.confidence != 0) json.number("confidence", alert.confidence);
    json.close();
    write_tool_and_prompt(json, alert.tool, {});
}

void write_change(JsonWriter& json, const InventoryChange& change) {
    json.open("inventory");
    json.text("kind", change.kind);
    json.text("change", change.change);
    json.text("name", change.name);
    json.text("fingerprint", change.fingerprint);
    json.close();
    json.open("mcp");
    write_parties(json, change.parties);
    json.text("verdict", to_string(change.verdict));
    json.close();
    if (change.kind == "tool") write_tool_and_prompt(json, change.name, {});
}

void append_address(const packet::Address& address, std::string& out) {
    if (!address.is_v4()) {
        out += packet::to_string(address);
        return;
    }
    for (std::size_t i = 12; i < 16; ++i) {
        if (i > 12) out.push_back('.');
        append_number(address.octets[i], out);
    }
}

}  // namespace umbratap::report
