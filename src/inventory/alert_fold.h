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
#include "detect/presets.h"
#include "inventory/records.h"
#include "inventory/suppressions.h"

namespace umbratap::inventory {

class AlertFold {
public:
    AlertFold(Duration window, std::uint32_t open_max) : window_(window), open_max_(open_max) {}

    /// What is not told from now on, but counted; both outlive their replacement. Null: everything
    /// is told.
    void adopt(const detect::Preset* preset, const Suppressions* suppressions) noexcept {
        preset_ = preset;
        suppressions_ = suppressions;
    }
    /// `alert` is complete but for its id and count.
    void raise(Alert alert, Batch<Record>& out);
    void tick(Time now, Batch<Record>& out);
    void finish(Batch<Record>& out);

    const std::map<std::string, std::uint64_t>& raised() const noexcept { return raised_; }
    /// What was not told, by the name of the suppression, or "preset".
    const std::map<std::string, std::uint64_t>& suppressed() const noexcept { return suppressed_; }
    int worst_severity() const noexcept { return worst_severity_; }

private:
    struct Window {
        Alert alert;
        Time end;
    };
    void close_oldest(Batch<Record>& out);
    /// Counts an alert that is not to be told.
    bool suppress(const Alert& alert);

    Duration window_;
    std::uint32_t open_max_;
    std::unordered_map<std::string, Window> open_;
    std::deque<std::string> order_;  // keys in order of opening, which is the order of ending
    std::map<std::string, std::uint64_t> raised_, suppressed_;
    const detect::Preset* preset_ = nullptr;
    const Suppressions* suppressions_ = nullptr;
    int worst_severity_ = 5;
};

}  // namespace umbratap::inventory
