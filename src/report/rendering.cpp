// The same event in the words of other schemas.
#include "report/rendering.h"

#include <array>

#include "report/renderings/renderings.h"

namespace umbratap::report {

namespace {

struct Schema {
    std::string_view name;
    void (*render)(const EventReader& event, std::string& out);
};

// In the order of the enumeration; EVE is the event itself.
constexpr std::array<Schema, 6> schemas = {{
    {"eve", nullptr},
    {"ecs", render_ecs},
    {"ocsf", render_ocsf},
    {"cef", render_cef},
    {"leef", render_leef},
    {"zeek", render_zeek},
}};

}  // namespace

std::optional<Rendering> rendering_of(std::string_view name) noexcept {
    for (std::size_t i = 0; i < schemas.size(); ++i) {
        if (schemas[i].name == name) return static_cast<Rendering>(i);
    }
    return {};
}

bool render(Rendering rendering, std::string_view eve_line, std::string& out) noexcept {
    if (rendering == Rendering::eve) {
        out += eve_line;
        return true;
    }
    // It keeps its buffers, so that an event costs few allocations; each thread that renders has
    // its own.
    thread_local EventReader event;
    if (!event.read(eve_line)) return false;
    schemas[static_cast<std::size_t>(rendering)].render(event, out);
    return true;
}

}  // namespace umbratap::report
