// Prometheus endpoint: /metrics, /healthz, /readyz (report/README.md, "Metrics").
//
// Counters live in plain structs of those who count; `publish` hands over a copy, and scrapes read
// that copy only, so that no scraper ever touches the path of a packet. Labels come from closed
// sets.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "inventory/records.h"
#include "report/sink.h"

namespace umbratap::report {

class MetricsError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Figures beside `stats` and records that only the engine knows.
struct Gauges {
    std::map<std::string, std::uint64_t> memory_bytes;  ///< by part
    SinkCountsByKind sinks;
    std::map<std::string, std::uint64_t> servers;          ///< by verdict
    std::map<std::string, std::uint64_t> tls_connections;  ///< by state
    std::uint64_t tcp_gaps = 0;
    bool rules_reload_success = true;
    double rules_reload_timestamp_seconds = 0;
};

class Metrics {
public:
    /// Binds "ADDRESS:PORT" (an IP address, or "localhost"; "PORT" alone is 127.0.0.1) and serves.
    /// Throws MetricsError (one line) if it cannot, e.g. address in use.
    explicit Metrics(const std::string& address);
    ~Metrics();

    void count(const inventory::Record& record);  ///< histograms and message counters
    /// Scrapes see what was counted up to here. One thread counts and publishes.
    void publish(const inventory::Stats& stats, const Gauges& gauges);
    void ready(bool ready);
    /// The port that is served: chosen by the system where 0 was asked for.
    int port() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::report
