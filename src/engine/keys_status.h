// `umbratap keys status`: how many TLS connections the keys fit, and why not the others.
#pragma once

#include <string>

#include "engine/counts.h"

namespace umbratap::engine {

/// A few lines for a person. No key is in it.
std::string keys_status(const Counts& counts);

}  // namespace umbratap::engine
