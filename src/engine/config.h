// The config file: YAML, every option has a key there (deploy/umbratap.yaml explains each).
#pragma once

#include <string>

#include "engine/options.h"

namespace umbratap::engine {

/// Reads `file` over `options`. Throws detect::RuleError ("file:line: what was expected"); unknown
/// keys are errors.
void read_config(const std::string& file, Options& options);

}  // namespace umbratap::engine
