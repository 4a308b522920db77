// Subcommands: verbs on things that the user has. Recognised only as the first word.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace umbratap::engine {

/// Carries out `words` (without the program's name) if the first is a subcommand, and returns the
/// exit status.
std::optional<int> run_verb(const std::vector<std::string>& words);

}  // namespace umbratap::engine
