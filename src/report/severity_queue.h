// Events that wait in memory. First in, first out; where there is no room, the lowest rank goes
// first, and never a higher one for a lower.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "report/event_bytes.h"

namespace umbratap::report {

class SeverityQueue {
public:
    explicit SeverityQueue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// Takes a copy of the event's bytes. `number` grows from call to call. Returns how many events
    /// were given up, perhaps this one.
    std::uint64_t push(unsigned rank, std::uint64_t number, std::string_view bytes);
    bool empty() const noexcept { return bytes_ == 0; }
    /// The number of the oldest; there must be one.
    std::uint64_t front_number() const noexcept;
    /// The oldest, and how it ranks; there must be one.
    struct Taken {
        unsigned rank = 0;
        std::string bytes;
    };
    Taken take();
    std::size_t bytes() const noexcept { return bytes_; }
    std::uint64_t events() const noexcept;

private:
    struct Entry {
        std::uint64_t number = 0;
        std::string bytes;
        std::size_t cost() const noexcept { return sizeof(Entry) + bytes.size(); }
    };
    struct Lane {
        std::deque<Entry> entries;
        std::size_t bytes = 0;
    };
    Taken take_from(unsigned rank);
    unsigned oldest_rank() const noexcept;

    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::array<Lane, ranks> lanes_;
};

}  // namespace umbratap::report
