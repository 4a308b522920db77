// What an alert's severity is in each schema: EVE has 1 for the worst, the others have the highest.
#pragma once

#include <array>

#include "report/renderings/event_reader.h"

namespace umbratap::report {

struct Severity {
    int ecs;   ///< `event.severity`, the risk scores that Elastic's own rules have, up to 99
    int ocsf;  ///< `severity_id`: 1 informational, 2 low, 3 medium, 4 high, 5 critical
    int cef;   ///< 0 to 10: low to 3, medium to 6, high to 8, very high
    int leef;  ///< `sev`, 1 to 10
};

/// By the severity of EVE, 1 to 4; 0: the event is no alert.
inline constexpr std::array<Severity, 5> severities = {{
    {0, 1, 0, 1},
    {99, 5, 10, 10},
    {73, 4, 8, 8},
    {47, 3, 5, 5},
    {21, 2, 3, 3},
}};

inline const Severity& severity_of(const EventReader& event) {
    const std::int64_t severity =
        event.type() == "alert" ? event.integer("alert.severity").value_or(4) : 0;
    return severities[severity >= 0 && severity <= 4 ? static_cast<std::size_t>(severity) : 4];
}

}  // namespace umbratap::report
