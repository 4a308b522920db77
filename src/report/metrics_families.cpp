// The figures behind /metrics: one row a metric.
#include "report/metrics_families.h"

#include <algorithm>

#include "mcp/message.h"
#include "report/problem_names.h"

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
                          "cleartext-mcp",
                          "token-passthrough",
                          "dns-rebinding",
                          "outdated-revision",
                          "sensor-restarted"};
const Names blind_reasons = {"no_key", "unsupported",   "midstream", "quic",  "ech",
                             "gap",    "one_direction", "truncated", "budget"};
const Names drop_reasons = {"kernel", "interface", "ring", "worker", "filter", "bad_checksum"};
const Names tls_states = {"decrypted", "no_key", "unsupported", "broken"};
const Names sink_kinds = {"file", "stdout", "unix", "syslog", "kafka", "http", "channel"};
const Names memory_parts = {"conversations", "flows", "secrets", "rings", "inventory"};
const Names http_versions = {"1.0", "1.1", "2", "3"};
const Names problems(problem_names().begin(), problem_names().end());

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

    void counter(const char* name, const char* help, double value) {
        open(name, help, MetricType::Counter).metric.push_back(counted({}, value));
    }
    void counter(const char* name, const char* help, std::uint64_t value) {
        counter(name, help, static_cast<double>(value));
    }
    void info(const char* name, const char* help, std::vector<ClientMetric::Label> labels) {
        open(name, help, MetricType::Gauge).metric.push_back(measured(std::move(labels), 1));
    }
    void gauge(const char* name, const char* help, double value) {
        open(name, help, MetricType::Gauge).metric.push_back(measured({}, value));
    }
    void counters(const char* name, const char* help, const char* label, const Values& values) {
        MetricFamily& family = open(name, help, MetricType::Counter);
        for (const auto& [value, count] : values)
            family.metric.push_back(counted({{label, value}}, static_cast<double>(count)));
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
            family.metric.push_back(counted(std::move(pairs), static_cast<double>(count)));
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
    static ClientMetric counted(std::vector<ClientMetric::Label> labels, double value) {
        ClientMetric metric;
        metric.label = std::move(labels);
        metric.counter.value = value;
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

void add_capture(const Figures& figures, Families& families) {
    const inventory::Stats& stats = figures.stats;
    families.counter("capture_received_total",
                     "Packets that reached the capture, those that were lost included.",
                     figures.gauges.packets_received);
    families.counter("capture_packets_total", "Packets read.", stats.packets);
    families.counter("capture_bytes_total", "Captured bytes of the packets read.", stats.bytes);
    families.counters("capture_drops_total", "Packets that were not looked at, by where they went.",
                      "reason", closed(drop_reasons, stats.drops));
}

void add_traffic(const Figures& figures, Families& families) {
    const auto& flows = figures.stats.flows;
    const auto& payload = figures.stats.payload;
    const Gauges& gauges = figures.gauges;
    families.gauge("flows_active", "Flows that are remembered now.",
                   static_cast<double>(flows.active));
    families.counter("flows_total", "TCP and UDP flows that ended.", flows.tcp + flows.udp);
    families.counter("flows_forgotten_total", "Flows given up because there were too many.",
                     flows.forgotten);
    families.counters("tcp_flows_total", "TCP flows that ended, by what was seen of them.", "seen",
                      {{"both_directions", flows.tcp - std::min(flows.tcp, flows.one_direction)},
                       {"one_direction", flows.one_direction}});
    families.counter("tcp_midstream_flows_total", "TCP flows whose beginning was not seen.",
                     flows.midstream);
    families.counter("tcp_gaps_total", "Holes in TCP streams that were given up.", gauges.tcp_gaps);
    std::uint64_t blind = 0;
    for (const auto& [reason, bytes] : figures.stats.blind) blind += bytes;
    families.counters(
        "payload_bytes_total", "Bytes of TCP and QUIC payload, by their fate.", "fate",
        {{"inspected", payload.inspected}, {"shunted", payload.shunted}, {"blind", blind}});
    families.counters("blind_total", "Bytes of transport payload that stayed unseen.", "reason",
                      closed(blind_reasons, figures.stats.blind));
    families.counters("tls_connections_total", "TLS connections, by what became of them.", "state",
                      closed(tls_states, gauges.tls_connections));
    families.counter("tls_secrets_total", "TLS secrets that came, in key logs and captures.",
                     gauges.tls_secrets);
    families.counters("http_exchanges_total", "HTTP exchanges that ended.", "version",
                      closed(http_versions, gauges.http_exchanges));
    families.counters("problems_total", "What was wrong with traffic.", "name",
                      closed(problems, figures.stats.problems));
}

void add_mcp(const Figures& figures, Families& families) {
    const RecordCounts& counts = figures.counts;
    families.counters("mcp_messages_total", "MCP messages.", Names{"transport", "sender", "kind"},
                      counts.messages);
    families.histograms("mcp_operation_duration_seconds", "Time from a request to its response.",
                        "method", counts.durations);
    families.counters("mcp_sessions_total", "MCP sessions that ended.", "verdict",
                      closed(verdicts, figures.stats.sessions));
    families.counters("mcp_tokens_estimate_total",
                      "Tokens that sessions cost a model's context, about.",
                      Names{"part", "verdict"}, counts.tokens);
    families.gauges("mcp_servers", "MCP servers known.", "verdict",
                    closed(verdicts, figures.gauges.servers));
    families.counters("alerts_total", "Findings told, each window of folded ones once.",
                      Names{"category", "severity"}, counts.alerts);
    std::uint64_t suppressed = 0;
    for (const auto& [name, count] : figures.stats.suppressed) suppressed += count;
    families.counter("alerts_suppressed_total",
                     "Findings not told: a suppression or the preset leaves them out.",
                     static_cast<double>(suppressed));
}

void add_sensor(const Figures& figures, Families& families) {
    const Gauges& gauges = figures.gauges;
    const ProcessUse& process = figures.process;
    families.gauges("memory_bytes", "Memory kept, by part.", "part",
                    closed(memory_parts, gauges.memory_bytes));
    families.gauge("process_resident_memory_bytes", "Memory of the whole process.",
                   static_cast<double>(process.resident_bytes));
    families.counter("process_cpu_seconds_total", "Processor time of the whole process.",
                     process.cpu_seconds);
    families.gauge("process_start_time_seconds", "When this process began, since 1970.",
                   process.start_time_seconds);
    families.counter("restarts_total", "Times that the process that parses was started again.",
                     gauges.restarts);
    families.gauge("rules_last_reload_success",
                   "1 if the rules and policy in force are the latest.",
                   gauges.rules_reload_success ? 1 : 0);
    families.gauge("rules_last_reload_timestamp_seconds",
                   "When the rules and policy in force were read, since 1970.",
                   gauges.rules_reload_timestamp_seconds);
    families.info(
        "rules_info", "Always 1; the labels say which rules and policy are in force.",
        {{"rules_version", gauges.rules_version}, {"policy_version", gauges.policy_version}});
    families.info("build_info", "Always 1; the label says what runs.",
                  {{"version", UMBRATAP_VERSION}});
}

}  // namespace

RecordCounts::RecordCounts() {
    using inventory::Transport;
    for (const Transport transport :
         {Transport::streamable_http, Transport::http_sse, Transport::stateless_http,
          Transport::websocket, Transport::stream}) {
        for (const char* sender : {"client", "server"}) {
            for (const char* kind : {"request", "response", "notification"})
                messages[{std::string(to_string(transport)), sender, kind}] = 0;
        }
    }
    for (const char* severity : {"1", "2", "3", "4"}) {
        for (const std::string& category : categories) alerts[{category, severity}] = 0;
        alerts[{"other", severity}] = 0;
    }
    for (const std::string& verdict : verdicts) {
        for (const char* part : {"list", "arguments", "results"}) tokens[{part, verdict}] = 0;
    }
    for (const std::string_view method : mcp::mcp_methods()) {
        if (!method.starts_with("notifications/")) durations[std::string(method)];
    }
    durations["other"];
}

void RecordCounts::add(const inventory::Record& record) {
    if (const auto* call = std::get_if<inventory::Call>(&record)) {
        add_call(*call);
    } else if (const auto* session = std::get_if<inventory::Session>(&record)) {
        const std::string verdict(to_string(session->judgement.verdict));
        tokens[{"list", verdict}] += session->list_tokens;
        tokens[{"arguments", verdict}] += session->argument_tokens;
        tokens[{"results", verdict}] += session->result_tokens;
    } else if (const auto* alert = std::get_if<inventory::Alert>(&record)) {
        // The closing event of a fold is the same finding again.
        if (!alert->closing)
            ++alerts[{closed(categories, alert->category),
                      std::to_string(std::clamp(alert->severity, 1, 4))}];
    }
}

void RecordCounts::add_call(const inventory::Call& call) {
    const std::string transport(to_string(call.transport));
    const char* sender = call.from_server ? "server" : "client";
    const char* answerer = call.from_server ? "client" : "server";
    ++messages[{transport, sender, call.notification ? "notification" : "request"}];
    if (!call.answered) return;
    ++messages[{transport, answerer, "response"}];
    const auto known = durations.find(call.method);
    DurationHistogram& histogram = known != durations.end() ? known->second : durations["other"];
    const double seconds = std::max(0.0, call.duration_ms / 1000);
    const auto* bucket =
        std::lower_bound(duration_buckets.begin(), duration_buckets.end(), seconds);
    ++histogram.counts[static_cast<std::size_t>(bucket - duration_buckets.begin())];
    histogram.sum += seconds;
}

std::vector<MetricFamily> metric_families(const Figures& figures) {
    Families f;
    add_capture(figures, f);
    add_traffic(figures, f);
    add_mcp(figures, f);
    add_sinks(figures.gauges.sinks, f);
    add_sensor(figures, f);
    return f.take();
}

}  // namespace umbratap::report
