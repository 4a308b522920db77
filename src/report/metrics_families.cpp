// The figures behind /metrics: one row a metric.
#include "report/metrics_families.h"

#include <algorithm>

#include "mcp/message.h"

namespace umbratap::report {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using Names = std::vector<std::string>;
using Values = std::map<std::string, std::uint64_t>;

const Names verdicts = {"approved", "tolerated", "shadow"};
const Names categories = {"shadow-server",
                          "suspected-mcp",
                          "portal-lookalike",
                          "portal-bypass",
                          "tool-not-allowed",
                          "indirect-mcp",
                          "mcp-tunnel",
                          "local-server-install",
                          "evasion",
                          "tool-poisoning",
                          "tool-drift",
                          "split-view",
                          "tool-shadowing",
                          "prompt-injection",
                          "cross-server-flow",
                          "secret-exposed",
                          "pii-exposed",
                          "vulnerable-software",
                          "unauthenticated-server",
                          "cleartext-mcp"};
const Names blind_reasons = {"no_key", "unsupported",   "midstream", "quic",  "ech",
                             "gap",    "one_direction", "truncated", "budget"};
const Names drop_reasons = {"kernel", "interface", "ring", "filter", "bad_checksum", "budget"};
const Names tls_states = {"decrypted", "no_key", "unsupported", "broken"};
const Names sink_kinds = {"file", "stdout", "unix", "syslog", "kafka", "http", "channel"};
const Names memory_parts = {"conversations", "rings", "inventory", "rules"};
const Names http_versions = {"1.0", "1.1", "2", "3"};
constexpr std::size_t problem_names_max = 400;

bool holds(const Names& set, std::string_view value) {
    return std::find(set.begin(), set.end(), value) != set.end();
}

std::string closed(const Names& set, std::string_view value) {
    return holds(set, value) ? std::string(value) : std::string("other");
}

// Every name of the set has a series from the start: a rate needs the zero before the first.
Values closed(const Names& set, const Values& values) {
    Values all;
    for (const std::string& name : set) all[name] = 0;
    for (const auto& [name, value] : values) all[closed(set, name)] += value;
    return all;
}

class Families {
public:
    std::vector<MetricFamily> take() { return std::move(families_); }

    void counter(const char* name, const char* help, std::uint64_t value) {
        open(name, help, MetricType::Counter).metric.push_back(counted({}, value));
    }
    void gauge(const char* name, const char* help, double value) {
        open(name, help, MetricType::Gauge).metric.push_back(measured({}, value));
    }
    void counters(const char* name, const char* help, const char* label, const Values& values) {
        MetricFamily& family = open(name, help, MetricType::Counter);
        for (const auto& [value, count] : values)
            family.metric.push_back(counted({{label, value}}, count));
    }
    void gauges(const char* name, const char* help, const char* label, const Values& values) {
        MetricFamily& family = open(name, help, MetricType::Gauge);
        for (const auto& [value, count] : values)
            family.metric.push_back(measured({{label, value}}, static_cast<double>(count)));
    }
    void counters(const char* name, const char* help, const Names& labels,
                  const std::map<RecordCounts::Labels, std::uint64_t>& values) {
        MetricFamily& family = open(name, help, MetricType::Counter);
        for (const auto& [names, count] : values) {
            std::vector<ClientMetric::Label> pairs;
            for (std::size_t i = 0; i < labels.size(); ++i) pairs.push_back({labels[i], names[i]});
            family.metric.push_back(counted(std::move(pairs), count));
        }
    }
    void histograms(const char* name, const char* help, const char* label,
                    const std::map<std::string, DurationHistogram>& values) {
        MetricFamily& family = open(name, help, MetricType::Histogram);
        for (const auto& [value, histogram] : values) {
            ClientMetric metric;
            metric.label = {{label, value}};
            std::uint64_t below = 0;
            for (std::size_t i = 0; i < duration_buckets.size(); ++i) {
                below += histogram.counts[i];
                metric.histogram.bucket.push_back({below, duration_buckets[i]});
            }
            metric.histogram.sample_count = below + histogram.counts.back();
            metric.histogram.sample_sum = histogram.sum;
            family.metric.push_back(std::move(metric));
        }
    }

private:
    MetricFamily& open(const char* name, const char* help, MetricType type) {
        return families_.emplace_back(
            MetricFamily{std::string("umbratap_") + name, help, type, {}});
    }
    static ClientMetric counted(std::vector<ClientMetric::Label> labels, std::uint64_t value) {
        ClientMetric metric;
        metric.label = std::move(labels);
        metric.counter.value = static_cast<double>(value);
        return metric;
    }
    static ClientMetric measured(std::vector<ClientMetric::Label> labels, double value) {
        ClientMetric metric;
        metric.label = std::move(labels);
        metric.gauge.value = value;
        return metric;
    }

    std::vector<MetricFamily> families_;
};

// Names of problems are literals of ours, hence few; should that ever fail, the rest is "other".
Values bounded(const Values& problems) {
    Values all;
    for (const auto& [name, count] : problems)
        all[all.size() < problem_names_max ? name : std::string("other")] += count;
    return all;
}

void add_sinks(const SinkCountsByKind& sinks, Families& families) {
    Values events, dropped, queued;
    for (const auto& [kind, counts] : sinks) {
        const std::string label = closed(sink_kinds, kind);
        events[label] += counts.events;
        dropped[label] += counts.dropped;
        queued[label] += counts.queue_bytes;
    }
    families.counters("output_events_total", "Events written.", "sink", events);
    families.counters("output_dropped_total", "Events that an output did not take.", "sink",
                      dropped);
    families.gauges("output_queue_bytes", "Bytes of events that wait to be written.", "sink",
                    queued);
}

}  // namespace

void RecordCounts::add(const inventory::Record& record) {
    if (const auto* call = std::get_if<inventory::Call>(&record)) {
        add_call(*call);
    } else if (const auto* alert = std::get_if<inventory::Alert>(&record)) {
        // The closing event of a fold is the same finding again.
        if (!alert->closing)
            ++alerts[{closed(categories, alert->category),
                      std::to_string(std::clamp(alert->severity, 1, 4))}];
    } else if (const auto* http = std::get_if<inventory::HttpExchange>(&record)) {
        const http::Head* head = http->exchange == nullptr ? nullptr
                                 : http->exchange->request ? http->exchange->request.get()
                                                           : http->exchange->response.get();
        if (head != nullptr) ++exchanges[{closed(http_versions, http::to_string(head->version))}];
    }
}

void RecordCounts::add_call(const inventory::Call& call) {
    const std::string transport(to_string(call.transport));
    const char* sender = call.from_server ? "server" : "client";
    const char* answerer = call.from_server ? "client" : "server";
    ++messages[{transport, sender, call.notification ? "notification" : "request"}];
    if (!call.answered) return;
    ++messages[{transport, answerer, "response"}];
    DurationHistogram& histogram =
        durations[mcp::is_mcp_method(call.method) ? call.method : "other"];
    const double seconds = std::max(0.0, call.duration_ms / 1000);
    const auto* bucket =
        std::lower_bound(duration_buckets.begin(), duration_buckets.end(), seconds);
    ++histogram.counts[static_cast<std::size_t>(bucket - duration_buckets.begin())];
    histogram.sum += seconds;
}

std::vector<MetricFamily> metric_families(const Figures& figures) {
    const auto& [stats, gauges, counts] = figures;
    Families f;
    f.counter("capture_packets_total", "Packets read.", stats.packets);
    f.counter("capture_bytes_total", "Captured bytes of these packets.", stats.bytes);
    f.counters("capture_drops_total", "Packets lost before they were looked at.", "reason",
               closed(drop_reasons, stats.drops));
    f.gauge("flows_active", "Flows that are remembered now.",
            static_cast<double>(stats.flows.active));
    f.counter("flows_total", "TCP and UDP flows seen.", stats.flows.tcp + stats.flows.udp);
    f.counter("tcp_gaps_total", "Holes in TCP streams that were given up.", gauges.tcp_gaps);
    f.gauges("memory_bytes", "Memory kept, by part.", "part",
             closed(memory_parts, gauges.memory_bytes));
    f.counters("tls_connections_total", "TLS connections, by what became of them.", "state",
               closed(tls_states, gauges.tls_connections));
    f.counters("http_exchanges_total", "HTTP exchanges told.", Names{"version"}, counts.exchanges);
    f.counters("mcp_messages_total", "MCP messages.", Names{"transport", "sender", "kind"},
               counts.messages);
    f.histograms("mcp_operation_duration_seconds", "Time from a request to its response.", "method",
                 counts.durations);
    f.counters("mcp_sessions_total", "MCP sessions that ended.", "verdict",
               closed(verdicts, stats.sessions));
    f.gauges("mcp_servers", "MCP servers known.", "verdict", closed(verdicts, gauges.servers));
    f.counters("alerts_total", "Findings raised.", Names{"category", "severity"}, counts.alerts);
    f.counters("blind_total", "Bytes of transport payload that stayed unseen.", "reason",
               closed(blind_reasons, stats.blind));
    add_sinks(gauges.sinks, f);
    f.counters("problems_total", "What was wrong with traffic.", "name", bounded(stats.problems));
    f.gauge("rules_last_reload_success", "1 if the rules in force are the latest.",
            gauges.rules_reload_success ? 1 : 0);
    f.gauge("rules_last_reload_timestamp_seconds", "When rules were read last.",
            gauges.rules_reload_timestamp_seconds);
    f.gauges("build_info", "Always 1; the label says what runs.", "version",
             {{UMBRATAP_VERSION, 1}});
    return f.take();
}

}  // namespace umbratap::report
