// The names of all problems (base/problem.h): each has its series in the metrics from the start.
#pragma once

#include <span>
#include <string_view>

namespace umbratap::report {

/// In the order of the alphabet. tests/problem_names.py holds them against the sources.
std::span<const std::string_view> problem_names() noexcept;

}  // namespace umbratap::report
