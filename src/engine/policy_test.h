// `policy test`: what a policy would have said of sessions that were recorded, or of cases that
// somebody wrote down. Governance that can be tested.
#pragma once

#include <string>
#include <vector>

namespace umbratap::engine {

/// Inputs whose name ends in .yaml or .yml are cases, all others events. Prints each difference and
/// a sum; returns 0 if all is as expected, else 1. Throws detect::RuleError, capture::InputError.
int policy_test(const std::string& policy, const std::vector<std::string>& inputs);

}  // namespace umbratap::engine
