// Elastic Common Schema. What ECS has a field for stands there; the event's own objects follow as
// they are, those of OpenTelemetry (`mcp`, `gen_ai`, `jsonrpc`) at the top, the rest in `umbratap`.
#include <algorithm>
#include <array>

#include "report/renderings/dotted_writer.h"
#include "report/renderings/renderings.h"
#include "report/renderings/severity.h"

namespace umbratap::report {

namespace {

constexpr std::string_view ecs_version = "8.11.0";

/// How ECS sorts an event type: `event.kind`, `event.category`, `event.type`.
struct Sort {
    std::string_view eve, kind, categories, types;
};

constexpr std::array sorts = {
    Sort{"alert", "alert", R"(["network","intrusion_detection"])", R"(["info"])"},
    Sort{"mcp", "event", R"(["network","api"])", R"(["access"])"},
    Sort{"mcp_session", "event", R"(["network","session"])", R"(["end"])"},
    Sort{"inventory", "event", R"(["network","configuration"])", R"(["info"])"},
    Sort{"anomaly", "event", R"(["network"])", R"(["protocol"])"},
    Sort{"http", "event", R"(["network","web"])", R"(["access"])"},
    Sort{"tls", "event", R"(["network"])", R"(["protocol"])"},
    Sort{"flow", "event", R"(["network"])", R"(["connection","end"])"},
    Sort{"stream", "event", R"(["network"])", R"(["connection","end"])"},
    Sort{"stats", "metric", R"(["network"])", R"(["info"])"},
};

constexpr std::array request_fields = {
    Field{"url.domain", "mcp.server.host"},
    Field{"url.domain", "http.hostname"},
    Field{"url.path", "mcp.server.path"},
    Field{"url.original", "http.url"},
    Field{"http.request.method", "http.http_method"},
    Field{"http.response.status_code", "http.status"},
    Field{"http.response.body.bytes", "http.length"},
    Field{"http.response.mime_type", "http.http_content_type"},
    Field{"user_agent.original", "mcp.client.user_agent"},
    Field{"user_agent.original", "http.http_user_agent"},
};

constexpr std::array endpoint_fields = {
    Field{"source.ip", "src_ip"},
    Field{"source.port", "src_port"},
    Field{"source.bytes", "flow.bytes_toserver"},
    Field{"source.packets", "flow.pkts_toserver"},
    Field{"destination.ip", "dest_ip"},
    Field{"destination.port", "dest_port"},
    Field{"destination.domain", "mcp.server.host"},
    Field{"destination.domain", "http.hostname"},
    Field{"destination.domain", "tls.sni"},
    Field{"destination.bytes", "flow.bytes_toclient"},
    Field{"destination.packets", "flow.pkts_toclient"},
};

constexpr std::array tls_fields = {
    Field{"tls.client.server_name", "tls.sni"},  Field{"tls.client.server_name", "mcp.server.sni"},
    Field{"tls.client.ja3", "tls.ja3.hash"},     Field{"tls.server.ja3s", "tls.ja3s.hash"},
    Field{"tls.server.subject", "tls.subject"},  Field{"tls.server.issuer", "tls.issuerdn"},
    Field{"tls.resumed", "tls.session_resumed"},
};

constexpr std::array own_fields = {
    Field{"mcp", "mcp"},
    Field{"gen_ai", "gen_ai"},
    Field{"jsonrpc", "jsonrpc"},
    Field{"umbratap.alert", "alert"},
    Field{"umbratap.inventory", "inventory"},
    Field{"umbratap.anomaly", "anomaly"},
    Field{"umbratap.stats", "stats"},
    Field{"umbratap.tls", "tls"},
    Field{"umbratap.flow", "flow"},
    Field{"umbratap.stream", "stream"},
    Field{"umbratap.http", "http"},
    Field{"umbratap.tunnel", "tunnel"},
    Field{"umbratap.vlan", "vlan"},
    Field{"umbratap.flow_id", "flow_id"},
    Field{"umbratap.pcap_cnt", "pcap_cnt"},
    Field{"umbratap.pcap_filename", "pcap_filename"},
    Field{"umbratap.sensor_group", "sensor_group"},
    Field{"umbratap.rules_version", "rules_version"},
    Field{"umbratap.policy_version", "policy_version"},
};

// Elasticsearch reads "Z" where EVE has "+0000".
std::string to_zulu(std::string_view timestamp) {
    return std::string(timestamp.substr(0, timestamp.find('+'))) + 'Z';
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

std::string_view outcome_of(std::string_view outcome) noexcept {
    if (outcome.empty()) return {};
    if (outcome == "ok" || outcome == "input_required") return "success";
    return outcome == "unanswered" ? "unknown" : "failure";
}

// ECS has "creation", "change" and "denied" for what EVE says elsewhere.
std::string_view types_of(const EventReader& event, const Sort& sort) {
    if (event.text("mcp.outcome") == "refused") return R"(["denied"])";
    if (sort.eve != "inventory") return sort.types;
    return event.text("inventory.change") == "new" ? R"(["info","creation"])"
                                                   : R"(["info","change"])";
}

void write_event(const EventReader& event, const Sort& sort, DottedWriter& ecs) {
    ecs.text("event.kind", sort.kind);
    ecs.key("event.category") += sort.categories;
    ecs.key("event.type") += types_of(event, sort);
    ecs.text("event.module", "umbratap");
    ecs.text("event.dataset", "umbratap." + std::string(sort.eve));
    ecs.copy("event.id", event, "event_id");
    const std::string_view category = event.text("alert.category");
    ecs.text("event.action", category.empty() ? event.text("mcp.method.name") : category);
    ecs.copy_text("event.code", event, "alert.signature_id");
    ecs.text("event.outcome", outcome_of(event.text("mcp.outcome")));
    if (sort.eve == "alert") ecs.number("event.severity", severity_of(event).ecs);
    for (const char* object : {"mcp.session", "flow"}) {
        const std::string path(object);
        if (const auto start = event.text(path + ".start"); !start.empty())
            ecs.text("event.start", to_zulu(start));
        if (const auto end = event.text(path + ".end"); !end.empty())
            ecs.text("event.end", to_zulu(end));
    }
    if (const auto milliseconds = event.number("mcp.duration_ms"))
        ecs.number("event.duration", static_cast<std::int64_t>(*milliseconds * 1e6));
}

void write_network(const EventReader& event, DottedWriter& ecs) {
    const std::string_view address = event.text("src_ip");
    if (address.empty()) return;
    ecs.text("network.type", address.find(':') == address.npos ? "ipv4" : "ipv6");
    ecs.text("network.transport", lower_case(event.text("proto")));
    if (event.type() == "tls") ecs.text("network.protocol", "tls");
    if (event.type() == "http" || event.has("mcp.http_version"))
        ecs.text("network.protocol", "http");
    if (event.has("mcp")) ecs.text("network.application", "mcp");
    ecs.copy("network.community_id", event, "community_id");
}

void write_rule(const EventReader& event, DottedWriter& ecs) {
    if (event.type() != "alert") return;
    ecs.copy_text("rule.id", event, "alert.signature_id");
    ecs.copy("rule.name", event, "alert.signature");
    ecs.copy("rule.category", event, "alert.category");
    ecs.copy_text("rule.version", event, "alert.rev");
    ecs.text("rule.ruleset", "umbratap");
    if (!event.has("alert.metadata.mitre_atlas")) return;
    ecs.text("threat.framework", "MITRE ATLAS");
    ecs.copy("threat.technique.id", event, "alert.metadata.mitre_atlas");
}

// "TLS 1.3" of a handshake, "1.3" of messages, "none" of messages without.
void write_tls(const EventReader& event, DottedWriter& ecs) {
    ecs.copy(tls_fields, event);
    if (const std::string_view suite = event.text("tls.cipher_suite"); !suite.empty())
        ecs.text("tls.cipher", "TLS_" + std::string(suite));
    std::string_view version = event.text("tls.version");
    if (version.starts_with("TLS ")) version.remove_prefix(4);
    if (version.empty()) version = event.text("mcp.tls");
    if (version.empty() || version == "none") return;
    ecs.text("tls.version", version);
    ecs.text("tls.version_protocol", "tls");
}

void write_related(const EventReader& event, DottedWriter& ecs) {
    std::vector<std::string_view> found;
    const auto add = [&](std::string_view path) {
        const std::string_view text = event.text(path);
        if (!text.empty() && std::find(found.begin(), found.end(), text) == found.end())
            found.push_back(text);
    };
    for (const char* path : {"src_ip", "dest_ip", "mcp.server.ip"}) add(path);
    ecs.texts("related.ip", found);
    found.clear();
    for (const char* path : {"mcp.server.host", "mcp.server.sni", "http.hostname", "tls.sni"})
        add(path);
    ecs.texts("related.hosts", found);
}

}  // namespace

void render_ecs(const EventReader& event, std::string& out) {
    const auto* sort = std::find_if(sorts.begin(), sorts.end(),
                                    [&](const Sort& each) { return each.eve == event.type(); });
    if (sort == sorts.end()) return;
    DottedWriter ecs(out);
    ecs.text("@timestamp", to_zulu(event.text("timestamp")));
    ecs.text("ecs.version", ecs_version);
    ecs.copy("message", event, "alert.signature");
    write_event(event, *sort, ecs);
    write_network(event, ecs);
    ecs.copy(endpoint_fields, event);
    ecs.copy(request_fields, event);
    write_tls(event, ecs);
    write_rule(event, ecs);
    ecs.text("observer.type", "ids");
    ecs.text("observer.vendor", "umbratap");
    ecs.text("observer.product", "umbratap");
    ecs.text("observer.version", UMBRATAP_VERSION);
    ecs.copy("observer.name", event, "sensor_id");
    ecs.copy("observer.ingress.interface.name", event, "in_iface");
    write_related(event, ecs);
    ecs.copy(own_fields, event);
    ecs.close();
    out.push_back('\n');
}

}  // namespace umbratap::report
