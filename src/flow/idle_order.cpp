// The slots of an order, all empty.
#include "flow/idle_order.h"

#include <algorithm>

#include "flow/bounded_time.h"

namespace umbratap::flow {

IdleOrder::IdleOrder(Duration idle_max, std::uint32_t heads, IdleLink* links) noexcept
    : links_(links),
      heads_(heads),
      idle_max_(bounded(idle_max)),
      width_(std::max(idle_max_ / (slots - 16), Duration(1))) {
    for (std::uint32_t slot = 0; slot < slots; ++slot)
        links_[heads_ + slot] = {heads_ + slot, heads_ + slot};
}

}  // namespace umbratap::flow
