// What the terminal that we write to can do.
#pragma once

#include "report/summary.h"

namespace umbratap::engine {

/// Colour on a terminal only, and not where NO_COLOR is set.
report::SummaryOptions summary_options(bool policy_given);

}  // namespace umbratap::engine
