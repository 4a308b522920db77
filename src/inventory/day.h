// Days as people write them: 2027-01-31.
#pragma once

#include <chrono>

#include "detect/yaml.h"

namespace umbratap::inventory {

/// Throws detect::RuleError if it is no day of the calendar.
std::chrono::sys_days read_day(const detect::YamlNode& node);

}  // namespace umbratap::inventory
