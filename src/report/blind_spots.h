// Why anything stayed unseen, in words.
#pragma once

#include <string>
#include <vector>

#include "inventory/records.h"

namespace umbratap::report {

/// One line a blind spot, the widest first; never empty: where there is none, it says so.
std::vector<std::string> blind_spots(const inventory::Stats& stats);

/// Why there may be no MCP in what was read.
std::vector<std::string> reasons_for_nothing(const inventory::Stats& stats);

}  // namespace umbratap::report
