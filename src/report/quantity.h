// Numbers as a person reads them.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace umbratap::report {

std::string count_text(std::uint64_t count);        ///< "1,234,567"
std::string short_count_text(std::uint64_t count);  ///< "999", "1.2 M"
std::string bytes_text(std::uint64_t bytes);        ///< "812 bytes", "31.2 MB": powers of 1,000
std::string duration_text(Duration duration);       ///< "0.3 s", "2 min 10 s", "3 h 5 min"
/// "1 connection", "2 connections".
std::string counted(std::uint64_t count, const std::string& noun);

}  // namespace umbratap::report
