// JSON lines as Zeek's logs have them: `_path` names the log, `ts` is in seconds, `uid` is made of
// the flow's id. Existing logs (notice, weird, http, ssl, conn, capture_loss) keep their field
// names; mcp, mcp_session and known_mcp are ours.
#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "report/renderings/dotted_writer.h"
#include "report/renderings/renderings.h"

namespace umbratap::report {

namespace {

constexpr std::array mcp_fields = {
    Field{"kind", "mcp.kind"},
    Field{"sender", "mcp.sender"},
    Field{"method", "mcp.method.name"},
    Field{"tool", "gen_ai.tool.name"},
    Field{"prompt", "gen_ai.prompt.name"},
    Field{"resource", "mcp.resource.uri"},
    Field{"request_id", "jsonrpc.request.id"},
    Field{"request_bytes", "mcp.request_bytes"},
    Field{"response_bytes", "mcp.response_bytes"},
    Field{"duration_ms", "mcp.duration_ms"},
    Field{"outcome", "mcp.outcome"},
    Field{"error_code", "mcp.error.code"},
    Field{"error_message", "mcp.error.message"},
};

constexpr std::array session_fields = {
    Field{"methods", "mcp.methods"},
    Field{"server_methods", "mcp.server_methods"},
    Field{"tools_called", "mcp.tools_called"},
    Field{"tools_listed", "mcp.tools_listed"},
    Field{"errors", "mcp.errors"},
    Field{"tool_errors", "mcp.tool_errors"},
    Field{"refused", "mcp.refused"},
    Field{"orig_bytes", "mcp.bytes_to_server"},
    Field{"resp_bytes", "mcp.bytes_to_client"},
    Field{"policy_entry", "mcp.policy_entry"},
    Field{"confidence", "mcp.confidence"},
    Field{"evidence", "mcp.evidence"},
};

// Who talked to whom: behind the fields of mcp, mcp_session and known_mcp.
constexpr std::array party_fields = {
    Field{"transport", "mcp.transport"},
    Field{"version", "mcp.protocol.version"},
    Field{"session_id", "mcp.session.id"},
    Field{"client_name", "mcp.client.name"},
    Field{"client_version", "mcp.client.version"},
    Field{"user_agent", "mcp.client.user_agent"},
    Field{"server_name", "mcp.server.name"},
    Field{"server_version", "mcp.server.version"},
    Field{"host", "mcp.server.host"},
    Field{"path", "mcp.server.path"},
    Field{"sni", "mcp.server.sni"},
    Field{"tls", "mcp.tls"},
    Field{"verdict", "mcp.verdict"},
};

constexpr std::array notice_fields = {
    Field{"msg", "alert.signature"},
    Field{"sub", "alert.evidence.excerpt"},
    Field{"sub", "alert.evidence.matched"},
    Field{"src", "src_ip"},
    Field{"dst", "dest_ip"},
    Field{"p", "dest_port"},
    Field{"n", "alert.count"},
    Field{"peer_descr", "sensor_id"},
    Field{"alert_id", "alert.id"},
    Field{"severity", "alert.severity"},
};

constexpr std::array known_fields = {
    Field{"kind", "inventory.kind"},
    Field{"change", "inventory.change"},
    Field{"tool", "inventory.name"},
    Field{"fingerprint", "inventory.fingerprint"},
};

constexpr std::array weird_fields = {
    Field{"name", "anomaly.event"},
    Field{"peer", "sensor_id"},
};

constexpr std::array http_fields = {
    Field{"method", "http.http_method"},
    Field{"host", "http.hostname"},
    Field{"uri", "http.url"},
    Field{"user_agent", "http.http_user_agent"},
    Field{"status_code", "http.status"},
    Field{"response_body_len", "http.length"},
};

constexpr std::array ssl_fields = {
    Field{"server_name", "tls.sni"}, Field{"cipher", "tls.cipher_suite"},
    Field{"subject", "tls.subject"}, Field{"issuer", "tls.issuerdn"},
    Field{"ja3", "tls.ja3.hash"},    Field{"ja3s", "tls.ja3s.hash"},
    Field{"ja4", "tls.ja4"},         Field{"resumed", "tls.session_resumed"},
};

constexpr std::array conn_fields = {
    Field{"orig_pkts", "flow.pkts_toserver"},
    Field{"orig_ip_bytes", "flow.bytes_toserver"},
    Field{"resp_pkts", "flow.pkts_toclient"},
    Field{"resp_ip_bytes", "flow.bytes_toclient"},
};

constexpr std::array loss_fields = {
    Field{"peer", "sensor_id"},
    Field{"packets", "stats.capture.packets"},
    Field{"received", "stats.capture.received"},
    Field{"lost", "stats.capture.lost"},
    Field{"drops", "stats.drops"},
    Field{"payload", "stats.payload"},
    Field{"blind", "stats.blind"},
};

/// Which log an event type goes to, and with which fields.
struct Log {
    std::string_view type, path;
    std::span<const Field> fields;
    bool parties = false;
};

constexpr std::array logs = {
    Log{"mcp", "mcp", mcp_fields, true},
    Log{"mcp_session", "mcp_session", session_fields, true},
    Log{"inventory", "known_mcp", known_fields, true},
    Log{"alert", "notice", notice_fields},
    Log{"anomaly", "weird", weird_fields},
    Log{"http", "http", http_fields},
    Log{"tls", "ssl", ssl_fields},
    Log{"flow", "conn", conn_fields},
    Log{"stats", "capture_loss", loss_fields},
};

void write_seconds(std::string_view name, std::int64_t microseconds, DottedWriter& zeek) {
    const bool negative = microseconds < 0;
    const auto count = static_cast<std::uint64_t>(negative ? -microseconds : microseconds);
    std::string& out = zeek.key(name);
    if (negative) out.push_back('-');
    const std::string fraction = std::to_string(1'000'000 + count % 1'000'000).substr(1);
    out.append(std::to_string(count / 1'000'000)).append(".").append(fraction);
}

// "shadow-server" is MCP::Shadow_Server to Zeek.
std::string note_of(std::string_view category) {
    std::string note = "MCP::";
    bool first = true;
    for (const char c : category) {
        const bool lower = c >= 'a' && c <= 'z';
        note.push_back(c == '-' ? '_' : first && lower ? static_cast<char>(c - 'a' + 'A') : c);
        first = c == '-';
    }
    return note;
}

void write_place(const EventReader& event, DottedWriter& zeek) {
    constexpr std::array fields = {Field{"id.orig_h", "src_ip"}, Field{"id.orig_p", "src_port"},
                                   Field{"id.resp_h", "dest_ip"}, Field{"id.resp_p", "dest_port"},
                                   Field{"community_id", "community_id"}};
    if (const auto flow = event.integer("flow_id")) zeek.text("uid", "C" + std::to_string(*flow));
    zeek.copy(fields, event);
    const std::string_view proto = event.text("proto");
    if (!proto.empty()) zeek.text("proto", proto == "TCP" ? "tcp" : "udp");
}

// Of what should have been in TCP streams and QUIC, the part that was missing.
void write_loss(const EventReader& event, DottedWriter& zeek) {
    const double payload = event.number("stats.payload.tcp").value_or(0) +
                           event.number("stats.payload.quic").value_or(0);
    const double gap = event.number("stats.blind.gap").value_or(0);
    char digits[32];
    const auto end =
        std::to_chars(digits, digits + sizeof digits, payload > 0 ? 100 * gap / payload : 0,
                      std::chars_format::fixed, 3);
    if (end.ec == std::errc()) zeek.key("percent_lost").append(digits, end.ptr);
}

}  // namespace

void render_zeek(const EventReader& event, std::string& out) {
    const auto* log = std::find_if(logs.begin(), logs.end(),
                                   [&](const Log& each) { return each.type == event.type(); });
    if (log == logs.end()) return;
    DottedWriter zeek(out, DottedWriter::Names::flat);
    zeek.text("_path", log->path);
    const auto start = microseconds_of(event.text("flow.start"));
    write_seconds("ts", start.value_or(event.microseconds()), zeek);
    write_place(event, zeek);
    if (start) write_seconds("duration", event.microseconds() - *start, zeek);
    if (log->path == "notice") zeek.text("note", note_of(event.text("alert.category")));
    if (log->path == "capture_loss") write_loss(event, zeek);
    zeek.copy(log->fields, event);
    if (log->parties) zeek.copy(party_fields, event);
    zeek.copy("event_id", event, "event_id");
    zeek.close();
    out.push_back('\n');
}

}  // namespace umbratap::report
