// One event on its way out: its line, and what an output needs to know of it.
#pragma once

#include <cstdint>
#include <string_view>

namespace umbratap::report {

/// Views live until the call that is given the event returns.
struct Event {
    std::string_view line;          ///< EVE, one JSON object, with its newline
    std::string_view timestamp;     ///< as the line has it: ISO 8601 with microseconds and +0000
    std::string_view type;          ///< "alert", "mcp", …
    std::uint8_t severity = 0;      ///< of an alert, 1 (worst) to 4; 0 where it is none
    std::string_view id;            ///< `event_id`
    std::string_view community_id;  ///< empty where the event is about no flow
};

}  // namespace umbratap::report
