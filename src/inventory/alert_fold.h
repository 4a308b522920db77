// Alerts of one kind between the same parties are one alert with a count (report/README.md,
// `alert`): the first is told at once, a closing one with the same id and the final count ends the
// window, if more came.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>

#include "base/batch.h"
#include "inventory/records.h"

namespace umbratap::inventory {

class AlertFold {
public:
    AlertFold(Duration window, std::uint32_t open_max) : window_(window), open_max_(open_max) {}

    /// `alert` is complete but for its id and count.
    void raise(Alert alert, Batch<Record>& out);
    void tick(Time now, Batch<Record>& out);
    void finish(Batch<Record>& out);

    const std::map<std::string, std::uint64_t>& raised() const noexcept { return raised_; }
    int worst_severity() const noexcept { return worst_severity_; }

private:
    struct Window {
        Alert alert;
        Time end;
    };
    void close_oldest(Batch<Record>& out);

    Duration window_;
    std::uint32_t open_max_;
    std::unordered_map<std::string, Window> open_;
    std::deque<std::string> order_;  // keys in order of opening, which is the order of ending
    std::map<std::string, std::uint64_t> raised_;
    int worst_severity_ = 5;
};

}  // namespace umbratap::inventory
