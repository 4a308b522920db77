// Prometheus endpoint: /metrics, /healthz, /readyz (report/README.md, "Metrics").
//
// Counters live in plain structs of those who count; `publish` hands over a copy, and scrapes read
// that copy only, so that no scraper ever touches the path of a packet. What was published is
// rendered once, however many ask for it. Labels come from closed sets.
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

struct MetricsOptions {
    std::string address;  ///< "ADDRESS:PORT", see report/endpoint.h
    /// Basic authentication (RFC 7617) for /metrics; no user: anybody who reaches the address.
    std::string user;
    std::string password_file;  ///< its first line is the password
};

/// Figures beside `stats` and records that only the engine knows.
struct Gauges {
    std::map<std::string, std::uint64_t> memory_bytes;  ///< by part
    SinkCountsByKind sinks;
    std::map<std::string, std::uint64_t> servers;          ///< by verdict
    std::map<std::string, std::uint64_t> tls_connections;  ///< by state
    std::map<std::string, std::uint64_t> http_exchanges;   ///< by version
    std::uint64_t packets_received = 0;  ///< that reached the capture, lost ones included
    std::uint64_t tcp_gaps = 0;
    std::uint64_t tls_secrets = 0;  ///< that came, in key logs and captures
    std::uint64_t restarts = 0;     ///< of the process that parses
    bool rules_reload_success = true;
    double rules_reload_timestamp_seconds = 0;
    std::string rules_version, policy_version;  ///< in force
};

class Metrics {
public:
    /// Reads the password, binds and serves. Throws MetricsError (one line) if it cannot, e.g.
    /// because the address is in use.
    explicit Metrics(const MetricsOptions& options);
    ~Metrics();

    void count(const inventory::Record& record);  ///< histograms and message counters
    /// Scrapes see what was counted up to here. One thread counts and publishes.
    void publish(const inventory::Stats& stats, const Gauges& gauges);
    /// What /readyz says: packets are read, with sound rules.
    void ready(bool ready);
    /// The port that is served: chosen by the system where 0 was asked for.
    int port() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::report
