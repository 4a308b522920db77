// The figures behind /metrics, and their names (report/README.md, "Metrics"). Labels come from
// closed sets: what is not in them is "other", so that no traffic can grow the number of series.
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inventory/records.h"
#include "report/metrics.h"
#include "report/process_figures.h"

namespace umbratap::report {

/// Upper bounds in seconds, as OpenTelemetry recommends for mcp.*.operation.duration.
inline constexpr std::array<double, 14> duration_buckets = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1,
                                                            2,    5,    10,   30,  60,  120, 300};

struct DurationHistogram {
    std::array<std::uint64_t, duration_buckets.size() + 1>
        counts{};  ///< not cumulative; the last is beyond all
    double sum = 0;
};

/// What is counted record by record. Copied at each publish, so it stays small: all that can be
/// counted is there from the start, at zero, and nothing is added to it.
struct RecordCounts {
    RecordCounts();
    void add(const inventory::Record& record);

    using Labels = std::vector<std::string>;   ///< values, in the order of the family's label names
    std::map<Labels, std::uint64_t> messages;  ///< transport, sender, kind
    std::map<Labels, std::uint64_t> alerts;    ///< category, severity
    std::map<Labels, std::uint64_t> tokens;    ///< part, verdict
    std::map<std::string, DurationHistogram> durations;  ///< by method

private:
    void add_call(const inventory::Call& call);
};

struct Figures {
    inventory::Stats stats;
    Gauges gauges;
    RecordCounts counts;
    ProcessUse process;
};

std::vector<prometheus::MetricFamily> metric_families(const Figures& figures);

}  // namespace umbratap::report
