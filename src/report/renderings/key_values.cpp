// What CEF and LEEF have in common.
#include "report/renderings/key_values.h"

#include <array>

#include "report/text.h"

namespace umbratap::report {

namespace {

struct Title {
    std::string_view type, title;
};

constexpr std::array titles = {
    Title{"mcp", "MCP call"},
    Title{"mcp_session", "MCP session"},
    Title{"inventory", "MCP inventory"},
    Title{"anomaly", "Protocol anomaly"},
    Title{"stats", "Sensor statistics"},
};

}  // namespace

std::string visible_value(const EventReader& event, std::string_view path, std::string_view kept) {
    std::string value, visible;
    event.append_text(path, value);
    for (std::string_view rest = value; !rest.empty();) {
        const Character character = first_character(rest);
        const std::string_view piece = rest.substr(0, character.length);
        if (is_deceptive(character.code) && kept.find(piece) == kept.npos) {
            append_escape(character.code, visible);
        } else {
            visible += piece;
        }
        rest.remove_prefix(character.length);
    }
    return visible;
}

std::string milliseconds_value(const EventReader& event, std::string_view path) {
    const std::optional<std::int64_t> time = microseconds_of(event.text(path));
    return time ? std::to_string(*time / 1000) : std::string();
}

std::string_view event_title(const EventReader& event) {
    if (event.type() == "alert") return event.text("alert.signature");
    for (const Title& each : titles) {
        if (each.type == event.type()) return each.title;
    }
    return {};
}

}  // namespace umbratap::report
