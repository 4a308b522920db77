// The last stage: sightings go into the inventory, its records to sinks, summary and metrics. One
// thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "capture/source.h"
#include "engine/book.h"
#include "engine/counts.h"
#include "engine/options.h"
#include "inventory/inventory.h"
#include "report/eve.h"
#include "report/metrics.h"
#include "report/sink.h"
#include "report/summary.h"

namespace umbratap::engine {

class Reporter {
public:
    /// Opens metrics and the inventory; events go to `sinks`. Throws report::MetricsError,
    /// inventory::StoreError.
    Reporter(const Options& options, report::Sinks sinks, BookPointer book);
    ~Reporter();

    /// What counts for the sightings that are pushed next.
    void adopt(BookPointer book);
    void push(const Batch<inventory::Sighting>& sightings);
    void tick(Time now);
    /// Refreshes what scrapers see, and tells `stats` where these are due.
    void tell_stats(const Counts& counts, Time now);
    /// The end of the run: everything open is told, then the final `stats`.
    void finish(const Counts& counts, bool cut_short, Time last);

    /// Hands on what outputs have gathered.
    void flush();
    void reopen();

    /// We were started again after our end was not wanted: an alert about ourselves.
    void tell_restart(std::uint64_t restarts, const std::string& reason, Time now);
    /// A reload of rules and policy that came to a good or bad end. From any thread.
    void note_reload(bool success) noexcept;

    std::string summary(const report::SummaryOptions& options) const;
    int worst_severity() const;
    /// The latest trouble of a sink or the inventory file, once; empty where there is none.
    std::string take_trouble();
    bool lost_events() const;

private:
    void tell(Batch<inventory::Record>& records);
    std::uint64_t received(const Counts& counts) const;
    inventory::Stats stats(const Counts& counts) const;
    report::Gauges gauges(const Counts& counts) const;
    void publish(const Counts& counts);
    void read_versions();

    const Options& options_;
    BookPointer book_;
    inventory::Store store_;
    inventory::Inventory inventory_;
    report::Sinks sinks_;
    std::unique_ptr<report::Metrics> metrics_;
    report::Summary summary_;
    report::Eve eve_;
    Batch<inventory::Record> records_;
    Time stats_due_{};
    std::uint64_t restarts_ = 0;
    bool ended_ = false;
    std::atomic<bool> reload_success_ = true;
    std::atomic<double> reload_seconds_ = 0;  // since 1970
    std::string rules_version_, policy_version_;
    bool summary_wanted_;
};

/// The reporter's part of Tools: which sightings the chosen event types need.
Wanted wanted_by(const Options& options);

}  // namespace umbratap::engine
