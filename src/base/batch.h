// Where a stage appends what it understood. The caller owns it, clears it, and reuses its memory.
#pragma once

#include <vector>

namespace umbratap {

template <class T>
using Batch = std::vector<T>;

}  // namespace umbratap
