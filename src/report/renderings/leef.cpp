// Log Event Extended Format 2.0 (QRadar):
//
//     LEEF:2.0|umbratap|umbratap|VERSION|shadow-server|x09|cat=…<tab>devTime=…<tab>src=…
//
// LEEF has no escapes: attributes are told apart by the tab that the header names, so a tab in a
// value is written as "\u{9}", as is what else deceives a reader, and a bar in the header as
// "\u{7c}".
#include <array>

#include "report/renderings/field.h"
#include "report/renderings/key_values.h"
#include "report/renderings/renderings.h"
#include "report/renderings/severity.h"

namespace umbratap::report {

namespace {

// The first ten are LEEF's own, the others ours.
constexpr std::array attributes = {
    Field{"src", "src_ip"},
    Field{"dst", "dest_ip"},
    Field{"srcPort", "src_port"},
    Field{"dstPort", "dest_port"},
    Field{"proto", "proto"},
    Field{"srcBytes", "mcp.request_bytes"},
    Field{"srcBytes", "mcp.bytes_to_server"},
    Field{"dstBytes", "mcp.response_bytes"},
    Field{"dstBytes", "mcp.bytes_to_client"},
    Field{"policy", "mcp.policy_entry"},
    Field{"eventId", "event_id"},
    Field{"alertId", "alert.id"},
    Field{"signatureId", "alert.signature_id"},
    Field{"count", "alert.count"},
    Field{"matched", "alert.evidence.matched"},
    Field{"where", "alert.evidence.where"},
    Field{"excerpt", "alert.evidence.excerpt"},
    Field{"serverHost", "mcp.server.host"},
    Field{"serverPath", "mcp.server.path"},
    Field{"serverName", "mcp.server.name"},
    Field{"clientName", "mcp.client.name"},
    Field{"userAgent", "mcp.client.user_agent"},
    Field{"method", "mcp.method.name"},
    Field{"tool", "gen_ai.tool.name"},
    Field{"verdict", "mcp.verdict"},
    Field{"sessionId", "mcp.session.id"},
    Field{"transport", "mcp.transport"},
    Field{"outcome", "mcp.outcome"},
    Field{"reason", "mcp.error.message"},
    Field{"inventoryKind", "inventory.kind"},
    Field{"inventoryChange", "inventory.change"},
    Field{"anomaly", "anomaly.event"},
    Field{"communityId", "community_id"},
    Field{"captureFile", "pcap_filename"},
    Field{"interface", "in_iface"},
    Field{"sensor", "sensor_id"},
    Field{"packets", "stats.capture.packets"},
    Field{"lostPackets", "stats.capture.lost"},
    Field{"inspectedBytes", "stats.payload.inspected"},
};

void append(std::string_view key, std::string_view value, std::string& out) {
    if (!value.empty()) out.append("\t").append(key).append("=").append(value);
}

}  // namespace

void render_leef(const EventReader& event, std::string& out) {
    if (event_title(event).empty()) return;
    const bool alert = event.type() == "alert";
    const std::string category = visible_value(event, alert ? "alert.category" : "event_type");
    out += "LEEF:2.0|umbratap|umbratap|" UMBRATAP_VERSION "|";
    for (const char c : category) {
        if (c == '|') {
            out += "\\u{7c}";
        } else {
            out.push_back(c);
        }
    }
    out += "|x09|cat=";
    out += event.type();
    append("devTime", milliseconds_value(event, "timestamp"), out);
    append("sev", std::to_string(severity_of(event).leef), out);
    append("msg", alert ? visible_value(event, "alert.signature") : event_title(event), out);
    write_each(attributes, [&](const Field& attribute) {
        const std::string value = visible_value(event, attribute.from);
        append(attribute.name, value, out);
        return !value.empty();
    });
    if (event.type() == "stats") {
        const auto blind = static_cast<std::uint64_t>(event.sum("stats.blind"));
        append("blindBytes", std::to_string(blind), out);
    }
    out.push_back('\n');
}

}  // namespace umbratap::report
