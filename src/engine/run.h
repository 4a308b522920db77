// One run over captures, from opening to the last word. Returns the exit status that
// README.md lists.
#pragma once

#include "engine/options.h"

namespace umbratap::engine {

/// Throws capture::InputError, detect::RuleError, report::SinkError, report::MetricsError,
/// inventory::StoreError before anything was started, and UsageError where the BPF filter is wrong.
int run(const Options& options);

/// `-T`: reads config, rules and policy, and prints what is in force.
int test_config(const Options& options);

}  // namespace umbratap::engine
