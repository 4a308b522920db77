// The same event in the words of other schemas.
#include "report/rendering.h"

#include <array>

namespace umbratap::report {

namespace {

constexpr std::array<std::string_view, 6> names = {"eve", "ecs", "ocsf", "cef", "leef", "zeek"};

}  // namespace

std::optional<Rendering> rendering_of(std::string_view name) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) return static_cast<Rendering>(i);
    }
    return {};
}

bool render(Rendering rendering, std::string_view eve_line, std::string& out) noexcept {
    if (rendering == Rendering::eve) {
        out += eve_line;
        return true;
    }
    return false;
}

}  // namespace umbratap::report
