// The same event in the words of other schemas. Each is made from the EVE line, so that a log that
// was written yesterday can be converted like an event of now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace umbratap::report {

enum class Rendering : std::uint8_t { eve, ecs, ocsf, cef, leef, zeek };

/// "eve", "ecs", "ocsf", "cef", "leef", "zeek".
std::optional<Rendering> rendering_of(std::string_view name) noexcept;

/// Appends the event to `out` as whole lines; none where the schema has no place for it. Returns
/// false if `eve_line` is no event.
bool render(Rendering rendering, std::string_view eve_line, std::string& out) noexcept;

}  // namespace umbratap::report
