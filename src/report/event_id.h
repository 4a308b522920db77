// The name of an event: unique within a run, and the same again when the same packets are seen
// again.
//
// It is a hash over what the event is about (type, flow, time of the packet, method, …) and of
// nothing that configuration or the packets around could change: not the verdict, not the file's
// name, not the sensor, not the number of the packet in its capture.
#pragma once

#include <cstdint>

#include "base/pages.h"
#include "inventory/records.h"

namespace umbratap::report {

/// Two records that are alike in all that is hashed have the same one: see EventIds.
std::uint64_t event_id(const inventory::Record& record) noexcept;

/// Tells apart what is alike: the same notification twice in one packet, say. Such twins come close
/// together, so a table of what was last seen is enough.
class EventIds {
public:
    EventIds() : last_seen_(entries) {}
    std::uint64_t next(const inventory::Record& record) noexcept;

private:
    static constexpr std::size_t entries = 65'536;
    struct Seen {
        std::uint64_t id = 0, twins = 0;
    };
    PagedArray<Seen> last_seen_;
};

}  // namespace umbratap::report
