// How many tokens a model makes of a text, about. Each vendor cuts texts otherwise, and some do not
// say how; so this is an estimate, fitted to OpenAI's published o200k_base (tests/tokens holds it
// against that).
#pragma once

#include <cstdint>
#include <string_view>

#include "mcp/readable.h"

namespace umbratap::mcp {

/// Of UTF-8. Good for prose, code and JSON in any script from a hundred tokens on; too few for
/// hashes and Base64.
std::uint64_t tokens_estimate(std::string_view text) noexcept;

/// Of what a result puts before a model: its texts (`text`), or all its strings if there are none;
/// never pictures, sounds or definitions.
std::uint64_t tokens_of_result(const ReadableStrings& strings) noexcept;
/// Of the values of a call's arguments, which a model wrote.
std::uint64_t tokens_of_arguments(const ReadableStrings& strings) noexcept;

}  // namespace umbratap::mcp
