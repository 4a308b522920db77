// Open Cybersecurity Schema Framework: alerts are Detection Findings (2004), MCP exchanges are API
// Activity (6003) with the profile `ai_operation`, HTTP exchanges and flows are network activity
// (4002, 4001), new servers Device Inventory Info (5001). The rest has no class.
#include <algorithm>
#include <array>

#include "report/renderings/dotted_writer.h"
#include "report/renderings/renderings.h"
#include "report/renderings/severity.h"

namespace umbratap::report {

namespace {

constexpr std::string_view ocsf_version = "1.8.0";

/// What the event is: an activity of a class. `type_uid` follows from both.
struct Activity {
    int class_uid;
    int id;
    std::string_view name;  ///< for 99 (other), which needs one
};

constexpr int other = 99;

constexpr std::array endpoint_fields = {
    Field{"src_endpoint.ip", "src_ip"},
    Field{"src_endpoint.port", "src_port"},
    Field{"dst_endpoint.ip", "dest_ip"},
    Field{"dst_endpoint.port", "dest_port"},
    Field{"dst_endpoint.hostname", "mcp.server.host"},
    Field{"dst_endpoint.hostname", "http.hostname"},
};

constexpr std::array request_fields = {
    Field{"http_request.http_method", "http.http_method"},
    Field{"http_request.user_agent", "mcp.client.user_agent"},
    Field{"http_request.user_agent", "http.http_user_agent"},
    Field{"http_request.url.hostname", "mcp.server.host"},
    Field{"http_request.url.hostname", "http.hostname"},
    Field{"http_request.url.path", "mcp.server.path"},
    Field{"http_request.url.url_string", "http.url"},
    Field{"http_request.url.port", "mcp.server.port"},
    Field{"http_response.code", "http.status"},
    Field{"http_response.content_type", "http.http_content_type"},
    Field{"http_response.length", "http.length"},
};

constexpr std::array traffic_fields = {
    Field{"traffic.bytes_out", "flow.bytes_toserver"},
    Field{"traffic.packets_out", "flow.pkts_toserver"},
    Field{"traffic.bytes_in", "flow.bytes_toclient"},
    Field{"traffic.packets_in", "flow.pkts_toclient"},
};

// What OCSF has no place for. Tenants that filter on one thing find it in `unmapped.mcp`.
constexpr std::array unmapped_fields = {
    Field{"unmapped.mcp", "mcp"},
    Field{"unmapped.gen_ai", "gen_ai"},
    Field{"unmapped.jsonrpc", "jsonrpc"},
    Field{"unmapped.alert", "alert"},
    Field{"unmapped.inventory", "inventory"},
    Field{"unmapped.flow", "flow"},
    Field{"unmapped.vlan", "vlan"},
    Field{"unmapped.tunnel", "tunnel"},
    Field{"unmapped.flow_id", "flow_id"},
    Field{"unmapped.in_iface", "in_iface"},
    Field{"unmapped.pcap_cnt", "pcap_cnt"},
    Field{"unmapped.pcap_filename", "pcap_filename"},
    Field{"unmapped.sensor_group", "sensor_group"},
    Field{"unmapped.rules_version", "rules_version"},
    Field{"unmapped.policy_version", "policy_version"},
};

/// What is asked for reads; of everything else OCSF's four verbs do not say enough.
Activity activity_of_call(std::string_view method) noexcept {
    for (const std::string_view end : {"/list", "/get", "/read", "/discover"}) {
        if (method.ends_with(end)) return {6003, 2, {}};
    }
    return {6003, other, method};
}

Activity activity_of_http(std::string_view method) noexcept {
    constexpr std::array<std::string_view, 9> known = {
        "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "PATCH"};
    const auto* found = std::find(known.begin(), known.end(), method);
    if (method.empty()) return {4002, 0, {}};
    if (found == known.end()) return {4002, other, method};
    return {4002, static_cast<int>(found - known.begin()) + 1, {}};
}

/// Class 0: there is no place for it.
Activity activity_of(const EventReader& event) {
    if (event.type() == "alert") return {2004, event.truth("alert.closing") ? 3 : 1, {}};
    if (event.type() == "mcp") return activity_of_call(event.text("mcp.method.name"));
    if (event.type() == "http") return activity_of_http(event.text("http.http_method"));
    if (event.type() == "flow") return {4001, 6, {}};
    if (event.type() == "inventory" && event.text("inventory.kind") == "server")
        return {5001, 1, {}};
    return {};
}

void write_base(const EventReader& event, const Activity& activity, DottedWriter& ocsf) {
    ocsf.number("class_uid", activity.class_uid);
    ocsf.number("category_uid", activity.class_uid / 1000);
    ocsf.number("activity_id", activity.id);
    ocsf.text("activity_name", activity.name);
    ocsf.number("type_uid", activity.class_uid * 100 + activity.id);
    ocsf.number("time", event.microseconds() / 1000);
    ocsf.number("severity_id", severity_of(event).ocsf);
    ocsf.text("metadata.version", ocsf_version);
    if (activity.class_uid == 6003) ocsf.key("metadata.profiles") += R"(["ai_operation"])";
    ocsf.text("metadata.product.name", "umbratap");
    ocsf.text("metadata.product.vendor_name", "umbratap");
    ocsf.text("metadata.product.version", UMBRATAP_VERSION);
    ocsf.copy("metadata.product.uid", event, "sensor_id");
    ocsf.copy("metadata.uid", event, "event_id");
    ocsf.text("metadata.log_name", event.type());
    ocsf.copy("metadata.original_time", event, "timestamp");
    ocsf.copy("metadata.correlation_uid", event, "community_id");
}

void write_connection(const EventReader& event, DottedWriter& ocsf) {
    const std::string_view proto = event.text("proto");
    if (proto.empty()) return;
    ocsf.text("connection_info.protocol_name", proto == "TCP" ? "tcp" : "udp");
    ocsf.number("connection_info.direction_id", 0);
    ocsf.copy_text("connection_info.uid", event, "flow_id");
    ocsf.copy("connection_info.community_uid", event, "community_id");
}

void write_attacks(const EventReader& event, DottedWriter& ocsf) {
    const std::vector<std::string_view> techniques = event.texts("alert.metadata.mitre_atlas");
    if (techniques.empty()) return;
    std::string& out = ocsf.key("finding_info.attacks");
    char before = '[';
    for (const std::string_view technique : techniques) {
        out.push_back(before);
        DottedWriter attack(out);
        attack.text("technique.uid", technique);
        attack.close();
        before = ',';
    }
    out.push_back(']');
}

void write_finding(const EventReader& event, DottedWriter& ocsf) {
    const bool closing = event.truth("alert.closing");
    ocsf.truth("is_alert", !closing);
    if (!closing) ocsf.number("status_id", 1);
    ocsf.copy("count", event, "alert.count");
    ocsf.copy("message", event, "alert.signature");
    ocsf.copy("finding_info.uid", event, "alert.id");
    ocsf.copy("finding_info.title", event, "alert.signature");
    ocsf.texts("finding_info.types", {event.text("alert.category")});
    ocsf.copy("finding_info.analytic.name", event, "alert.category");
    ocsf.copy_text("finding_info.analytic.uid", event, "alert.signature_id");
    ocsf.copy_text("finding_info.analytic.version", event, "alert.rev");
    ocsf.number("finding_info.analytic.type_id", 1);
    write_attacks(event, ocsf);
    std::string& out = ocsf.key("evidences");
    out.push_back('[');
    DottedWriter evidence(out);
    evidence.copy(endpoint_fields, event);
    write_connection(event, evidence);
    evidence.copy("data", event, "alert.evidence");
    evidence.close();
    out.push_back(']');
}

int status_of(std::string_view outcome) noexcept {
    if (outcome == "ok" || outcome == "input_required") return 1;
    return outcome.empty() || outcome == "unanswered" ? 0 : 2;
}

void write_resource(const EventReader& event, DottedWriter& ocsf) {
    constexpr std::array kinds = {Field{"tool", "gen_ai.tool.name"},
                                  Field{"prompt", "gen_ai.prompt.name"},
                                  Field{"resource", "mcp.resource.uri"}};
    for (const Field& kind : kinds) {
        const std::string_view name = event.text(kind.from);
        if (name.empty()) continue;
        std::string& out = ocsf.key("resources");
        out.push_back('[');
        DottedWriter resource(out);
        resource.text("type", kind.name);
        resource.text("name", name);
        resource.close();
        out.push_back(']');
        return;
    }
}

void write_call(const EventReader& event, DottedWriter& ocsf) {
    ocsf.number("status_id", status_of(event.text("mcp.outcome")));
    ocsf.copy_text("status_code", event, "mcp.error.code");
    ocsf.copy("status_detail", event, "mcp.error.message");
    if (const auto milliseconds = event.number("mcp.duration_ms"))
        ocsf.number("duration", static_cast<std::int64_t>(*milliseconds));
    // An actor is required, and the client's name is all that is known of it.
    const std::string_view client = event.text("mcp.client.name");
    ocsf.text("actor.app_name", client.empty() ? "unknown" : client);
    ocsf.copy("actor.session.uid", event, "mcp.session.id");
    ocsf.copy("api.operation", event, "mcp.method.name");
    ocsf.copy("api.version", event, "mcp.protocol.version");
    ocsf.copy("api.request.uid", event, "jsonrpc.request.id");
    ocsf.copy("api.response.code", event, "mcp.error.code");
    ocsf.copy("api.response.error_message", event, "mcp.error.message");
    ocsf.copy("api.service.name", event, "mcp.server.name");
    ocsf.copy("api.service.version", event, "mcp.server.version");
    if (event.has("mcp.server.name")) {
        ocsf.copy("message_context.service.name", event, "mcp.server.name");
        ocsf.copy("message_context.service.version", event, "mcp.server.version");
        ocsf.copy("message_context.uid", event, "mcp.session.id");
        ocsf.number("message_context.ai_role_id", event.has("gen_ai.tool.name") ? 3 : 0);
    }
    write_resource(event, ocsf);
    ocsf.copy(endpoint_fields, event);
    ocsf.copy(request_fields, event);
}

void write_server(const EventReader& event, DottedWriter& ocsf) {
    ocsf.number("device.type_id", 1);
    ocsf.copy("device.ip", event, "mcp.server.ip");
    ocsf.copy("device.hostname", event, "mcp.server.host");
    ocsf.copy("device.name", event, "mcp.server.name");
}

void write_traffic(const EventReader& event, DottedWriter& ocsf) {
    ocsf.copy(endpoint_fields, event);
    ocsf.copy(request_fields, event);
    write_connection(event, ocsf);
    ocsf.copy(traffic_fields, event);
    if (const auto start = microseconds_of(event.text("flow.start")))
        ocsf.number("start_time", *start / 1000);
    if (const auto end = microseconds_of(event.text("flow.end")))
        ocsf.number("end_time", *end / 1000);
}

}  // namespace

void render_ocsf(const EventReader& event, std::string& out) {
    const Activity activity = activity_of(event);
    if (activity.class_uid == 0) return;
    DottedWriter ocsf(out);
    write_base(event, activity, ocsf);
    switch (activity.class_uid) {
        case 2004:
            write_finding(event, ocsf);
            break;
        case 6003:
            write_call(event, ocsf);
            break;
        case 5001:
            write_server(event, ocsf);
            break;
        default:
            write_traffic(event, ocsf);
    }
    ocsf.copy(unmapped_fields, event);
    ocsf.close();
    out.push_back('\n');
}

}  // namespace umbratap::report
