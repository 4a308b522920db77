// `explain`: an alert, a category or a rule in plain words.
#pragma once

#include <string>
#include <vector>

#include "detect/rule_set.h"

namespace umbratap::engine {

/// Prints what is known of an alert (by alert.id or event_id, from events), or of a category or
/// rule. False if there is none of that name. Throws capture::InputError.
bool explain(const detect::RuleSet& rules, const std::string& wanted,
             const std::vector<std::string>& event_files);

}  // namespace umbratap::engine
