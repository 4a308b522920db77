// One run over captures, from opening to the last word. Returns the exit status that
// README.md lists.
#pragma once

#include "engine/options.h"

namespace umbratap::engine {

/// What is said on standard output at the end, where no events go there.
enum class LastWord : std::uint8_t { summary, keys_status };

/// Throws capture::InputError, detect::RuleError, report::SinkError, report::MetricsError,
/// inventory::StoreError before anything was started, and UsageError where the BPF filter is wrong.
int run(const Options& options, LastWord last_word = LastWord::summary);

/// `-T`: reads config, rules and policy, and prints what is in force.
int test_config(const Options& options);

}  // namespace umbratap::engine
