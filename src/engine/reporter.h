// The last stage: sightings go into the inventory, its records to sinks, summary and metrics. One
// thread.
#pragma once

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

    void reopen();
    std::string summary(const report::SummaryOptions& options) const;
    int worst_severity() const;
    /// The latest trouble of a sink or the inventory file, once; empty where there is none.
    std::string take_trouble();
    bool lost_events() const;

private:
    void tell(Batch<inventory::Record>& records);
    inventory::Stats stats(const Counts& counts) const;
    void publish(const Counts& counts);

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
    bool summary_wanted_;
};

/// The reporter's part of Tools: which sightings the chosen event types need.
Wanted wanted_by(const Options& options);

}  // namespace umbratap::engine
