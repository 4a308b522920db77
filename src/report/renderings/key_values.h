// What CEF and LEEF have in common: one line of `key=value`, without types.
#pragma once

#include <string>
#include <string_view>

#include "report/renderings/event_reader.h"

namespace umbratap::report {

/// The value of `path` as text that may stand in a line, empty if there is none: what deceives a
/// reader is "\u{202e}" (report/text.h), but for the ASCII in `kept`, which the format can escape.
std::string visible_value(const EventReader& event, std::string_view path,
                          std::string_view kept = {});

/// Milliseconds since 1970 of the timestamp at `path`; empty if there is none.
std::string milliseconds_value(const EventReader& event, std::string_view path);

/// "MCP to a server that policy does not approve", "MCP call", …; empty for types that CEF and LEEF
/// leave out (http, tls, flow, stream).
std::string_view event_title(const EventReader& event);

}  // namespace umbratap::report
