// Packet time: nanoseconds since 1970 as captured, never the clock of this machine.
#pragma once

#include <chrono>

namespace umbratap {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::sys_time<Duration>;

}  // namespace umbratap
