// An entry of `output` in the config file.
#pragma once

#include "detect/yaml.h"
#include "report/output.h"

namespace umbratap::engine {

/// A text, "[FORMAT:]TARGET", or a mapping with the key `to`. Throws detect::RuleError.
report::Output read_output(const detect::YamlNode& node);

}  // namespace umbratap::engine
