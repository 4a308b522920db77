// Times that can be subtracted from each other: a capture may claim any 64-bit number.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace umbratap::flow {

inline constexpr Time earliest_time{Duration(-(1LL << 61))}, latest_time{Duration(1LL << 62)};

/// The time itself between 1897 and 2116, else the bound. Differences of two, and of one and a
/// wait, fit.
constexpr Time bounded(Time time) noexcept {
    return std::clamp(time, earliest_time, latest_time);
}
constexpr Duration bounded(Duration wait) noexcept {
    return std::clamp(wait, Duration::zero(), Duration(1LL << 60));
}

}  // namespace umbratap::flow
