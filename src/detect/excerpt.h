// What events may show of a content: little, and nothing that works on those who read it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "detect/content_rule.h"

namespace umbratap::detect {

inline constexpr std::size_t excerpt_bytes_max = 160;

/// The text before and behind the place where a match ends: one line, no control characters,
/// nothing hidden; cut at `…`.
std::string excerpt_around(std::string_view text, std::size_t end);

/// The ends of a value that its rule allows to show, a third of it each at most, and its size.
std::string redacted(const ContentRule& rule, std::string_view match);

}  // namespace umbratap::detect
