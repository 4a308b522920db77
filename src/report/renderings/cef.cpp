// Common Event Format, version 0 (ArcSight; Sentinel's CommonSecurityLog):
//
//     CEF:0|umbratap|umbratap|VERSION|2001|MCP to a server …|8|rt=… src=… dst=… …
//
// Backslash and bar are escaped in the header; backslash, equals sign, CR and LF in values. What
// else deceives a reader has no escape in CEF and is written as "\u{202e}".
#include <array>

#include "report/renderings/field.h"
#include "report/renderings/key_values.h"
#include "report/renderings/renderings.h"
#include "report/renderings/severity.h"

namespace umbratap::report {

namespace {

/// A key, what it holds, and for custom keys the label that must go with it.
struct Key {
    std::string_view name, from, label;
};

constexpr std::array keys = {
    Key{"externalId", "event_id", {}},
    Key{"act", "alert.action", {}},
    Key{"cnt", "alert.count", {}},
    Key{"spt", "src_port", {}},
    Key{"dpt", "dest_port", {}},
    Key{"proto", "proto", {}},
    Key{"dhost", "mcp.server.host", {}},
    Key{"sourceServiceName", "mcp.client.name", {}},
    Key{"destinationServiceName", "mcp.server.name", {}},
    Key{"request", "mcp.server.path", {}},
    Key{"flexString1", "mcp.method.name", "method"},
    Key{"requestClientApplication", "mcp.client.user_agent", {}},
    Key{"in", "mcp.request_bytes", {}},
    Key{"out", "mcp.response_bytes", {}},
    Key{"outcome", "mcp.outcome", {}},
    Key{"reason", "mcp.error.message", {}},
    Key{"cs1", "gen_ai.tool.name", "tool"},
    Key{"cs2", "mcp.verdict", "verdict"},
    Key{"cs3", "mcp.session.id", "sessionId"},
    Key{"cs4", "community_id", "communityId"},
    Key{"cs5", "alert.evidence.matched", "evidence"},
    Key{"cs5", "anomaly.event", "anomaly"},
    Key{"cs5", "inventory.kind", "inventoryKind"},
    Key{"cs6", "alert.id", "alertId"},
    Key{"cs6", "inventory.change", "inventoryChange"},
    Key{"cn1", "mcp.confidence", "confidence"},
    Key{"cn1", "stats.payload.inspected", "inspectedBytes"},
    Key{"cn2", "stats.capture.packets", "packets"},
    Key{"flexNumber1", "stats.capture.lost", "lostPackets"},
    Key{"msg", "alert.evidence.excerpt", {}},
    Key{"fname", "pcap_filename", {}},
    Key{"deviceInboundInterface", "in_iface", {}},
    Key{"deviceExternalId", "sensor_id", {}},
};

void append_header(std::string_view text, std::string& out) {
    for (const char c : text) {
        if (c == '\\' || c == '|') out.push_back('\\');
        out.push_back(c);
    }
    out.push_back('|');
}

void append(std::string_view key, std::string_view value, std::string& out) {
    if (value.empty()) return;
    out.append(" ").append(key).push_back('=');
    for (const char c : value) {
        if (c == '\\' || c == '=') out.push_back('\\');
        if (c == '\n' || c == '\r') {
            out += c == '\n' ? "\\n" : "\\r";
        } else {
            out.push_back(c);
        }
    }
}

void append_label(std::string_view key, std::string_view label, std::string& out) {
    append(std::string(key) + "Label", label, out);
}

// `src` and `dst` are of IPv4 only.
void append_addresses(const EventReader& event, std::string& out) {
    const std::string source = visible_value(event, "src_ip");
    const std::string destination = visible_value(event, "dest_ip");
    if (source.find(':') == source.npos) {
        append("src", source, out);
        append("dst", destination, out);
    } else {
        append("c6a2", source, out);
        append_label("c6a2", "Source IPv6 Address", out);
        append("c6a3", destination, out);
        append_label("c6a3", "Destination IPv6 Address", out);
    }
}

}  // namespace

void render_cef(const EventReader& event, std::string& out) {
    if (event_title(event).empty()) return;
    const bool alert = event.type() == "alert";
    out += "CEF:0|umbratap|umbratap|" UMBRATAP_VERSION "|";
    append_header(visible_value(event, alert ? "alert.signature_id" : "event_type"), out);
    append_header(alert ? visible_value(event, "alert.signature") : event_title(event), out);
    append_header(std::to_string(severity_of(event).cef), out);
    out.append("rt=").append(milliseconds_value(event, "timestamp"));
    append("cat", visible_value(event, alert ? "alert.category" : "event_type"), out);
    append_addresses(event, out);
    append("start", milliseconds_value(event, "mcp.session.start"), out);
    append("end", milliseconds_value(event, "mcp.session.end"), out);
    write_each(keys, [&](const Key& key) {
        const std::string value = visible_value(event, key.from, "\r\n");
        append(key.name, value, out);
        if (!value.empty()) append_label(key.name, key.label, out);
        return !value.empty();
    });
    if (event.type() == "stats") {
        const auto blind = static_cast<std::uint64_t>(event.sum("stats.blind"));
        append("cn3", std::to_string(blind), out);
        append_label("cn3", "blindBytes", out);
    }
    out.push_back('\n');
}

}  // namespace umbratap::report
