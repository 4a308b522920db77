#include "report/metrics_families.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "report/problem_names.h"
#include "report/sample.h"

using namespace umbratap;
using namespace umbratap::report;

namespace {

const prometheus::MetricFamily& family(const std::vector<prometheus::MetricFamily>& families,
                                       const std::string& name) {
    const auto found = std::find_if(families.begin(), families.end(), [&](const auto& one) {
        return one.name == "umbratap_" + name;
    });
    REQUIRE(found != families.end());
    return *found;
}

double value(const prometheus::MetricFamily& family, const std::vector<std::string>& labels) {
    for (const auto& metric : family.metric) {
        std::vector<std::string> values;
        for (const auto& label : metric.label) values.push_back(label.value);
        if (values == labels)
            return family.type == prometheus::MetricType::Gauge ? metric.gauge.value
                                                                : metric.counter.value;
    }
    return -1;
}

inventory::Call answered_call(const std::string& method, double duration_ms) {
    inventory::Call call;
    call.parties = test::parties();
    call.method = method;
    call.answered = true;
    call.duration_ms = duration_ms;
    return call;
}

}  // namespace

TEST_CASE("metric families: all names of the interface are there") {
    std::set<std::string> names;
    for (const auto& one : metric_families({})) names.insert(one.name);
    for (const char* name : {"capture_received_total",
                             "capture_packets_total",
                             "capture_bytes_total",
                             "capture_drops_total",
                             "flows_active",
                             "flows_total",
                             "tcp_gaps_total",
                             "memory_bytes",
                             "tls_connections_total",
                             "http_exchanges_total",
                             "mcp_messages_total",
                             "mcp_operation_duration_seconds",
                             "mcp_sessions_total",
                             "mcp_servers",
                             "alerts_total",
                             "blind_total",
                             "output_events_total",
                             "output_dropped_total",
                             "output_queue_bytes",
                             "problems_total",
                             "rules_last_reload_success",
                             "rules_last_reload_timestamp_seconds",
                             "rules_info",
                             "build_info",
                             "restarts_total",
                             "payload_bytes_total",
                             "tcp_flows_total",
                             "tls_secrets_total",
                             "process_resident_memory_bytes",
                             "process_cpu_seconds_total",
                             "process_start_time_seconds"}) {
        CAPTURE(name);
        CHECK(names.contains(std::string("umbratap_") + name));
    }
}

TEST_CASE("metric families: closed sets are zero from the start, and the unknown is other") {
    Figures figures;
    figures.stats.drops = {{"kernel", 3}, {"10.0.0.1", 4}, {"b", 5}};
    const auto families = metric_families(figures);
    CHECK(value(family(families, "capture_drops_total"), {"kernel"}) == 3);
    CHECK(value(family(families, "capture_drops_total"), {"filter"}) == 0);
    CHECK(value(family(families, "capture_drops_total"), {"other"}) == 9);
    CHECK(value(family(families, "blind_total"), {"no_key"}) == 0);
    CHECK(family(families, "blind_total").metric.size() == 9);
    CHECK(value(family(families, "mcp_servers"), {"shadow"}) == 0);
}

TEST_CASE("metric families: messages are counted by transport, sender and kind") {
    Figures figures;
    figures.counts.add(answered_call("tools/call", 1));
    inventory::Call notification;
    notification.notification = true;
    notification.from_server = true;
    figures.counts.add(notification);
    const auto families = metric_families(figures);
    const auto& messages = family(families, "mcp_messages_total");
    CHECK(value(messages, {"streamable-http", "client", "request"}) == 1);
    CHECK(value(messages, {"streamable-http", "server", "response"}) == 1);
    CHECK(value(messages, {"streamable-http", "server", "notification"}) == 1);
}

TEST_CASE("metric families: durations are cumulative, in seconds, by known method") {
    Figures figures;
    figures.counts.add(answered_call("tools/call", 10));
    figures.counts.add(answered_call("tools/call", 30));
    figures.counts.add(answered_call("tools/call", 400'000));
    figures.counts.add(answered_call("attacker/made/this/up", 1));
    figures.counts.add(answered_call("and/this", 1));
    const auto families = metric_families(figures);
    const auto& durations = family(families, "mcp_operation_duration_seconds");
    const auto of = [&](const std::string& method) {
        const auto found =
            std::find_if(durations.metric.begin(), durations.metric.end(),
                         [&](const auto& metric) { return metric.label[0].value == method; });
        REQUIRE(found != durations.metric.end());
        return found->histogram;
    };
    CHECK(of("other").sample_count == 2);
    CHECK(of("initialize").sample_count == 0);
    const auto histogram = of("tools/call");
    CHECK(histogram.sample_count == 3);
    CHECK(histogram.sample_sum == doctest::Approx(400.04));
    CHECK(histogram.bucket[0].cumulative_count == 1);
    CHECK(histogram.bucket[2].cumulative_count == 2);
    CHECK(histogram.bucket.back().cumulative_count == 2);
}

TEST_CASE("metric families: traffic adds no series, whatever it invents") {
    const auto series = [](const std::vector<prometheus::MetricFamily>& families) {
        std::size_t sum = 0;
        for (const auto& one : families) sum += one.metric.size();
        return sum;
    };
    Figures figures;
    const std::size_t before = series(metric_families(figures));
    for (int i = 0; i < 10'000; ++i) {
        inventory::Call call = answered_call("invented/" + std::to_string(i), i);
        call.tool = call.id = call.parties.host = call.method;
        call.transport = static_cast<inventory::Transport>(i % 5);
        call.from_server = i % 2 == 0;
        call.notification = i % 3 == 0;
        figures.counts.add(call);
        inventory::Alert alert = test::alert();
        alert.severity = i % 7;
        alert.category = i % 3 == 0 ? call.method : "shadow-server";
        figures.counts.add(alert);
    }
    CHECK(series(metric_families(figures)) == before);
}

TEST_CASE("metric families: payload adds up by fate, TCP flows by what was seen of them") {
    Figures figures;
    figures.stats.payload = {100, 20, 70, 30};
    figures.stats.blind = {{"no_key", 15}, {"gap", 5}};
    figures.stats.flows.tcp = 10;
    figures.stats.flows.one_direction = 3;
    const auto families = metric_families(figures);
    const auto& payload = family(families, "payload_bytes_total");
    CHECK(value(payload, {"inspected"}) == 70);
    CHECK(value(payload, {"shunted"}) == 30);
    CHECK(value(payload, {"blind"}) == 20);
    CHECK(value(family(families, "tcp_flows_total"), {"one_direction"}) == 3);
    CHECK(value(family(families, "tcp_flows_total"), {"both_directions"}) == 7);
}

TEST_CASE("metric families: an alert counts once, however often it is told") {
    Figures figures;
    inventory::Alert alert = test::alert();
    figures.counts.add(alert);
    alert.closing = true;
    figures.counts.add(alert);
    alert.closing = false;
    alert.category = "made-up";
    figures.counts.add(alert);
    const auto families = metric_families(figures);
    CHECK(value(family(families, "alerts_total"), {"shadow-server", "2"}) == 1);
    CHECK(value(family(families, "alerts_total"), {"other", "2"}) == 1);
}

TEST_CASE("metric families: outputs are told by kind") {
    Figures figures;
    figures.gauges.sinks = {{"file", {.events = 10, .dropped = 2, .queue_bytes = 300}},
                            {"strange", {.events = 1, .dropped = 1, .queue_bytes = 1}}};
    const auto families = metric_families(figures);
    CHECK(value(family(families, "output_events_total"), {"file"}) == 10);
    CHECK(value(family(families, "output_dropped_total"), {"file"}) == 2);
    CHECK(value(family(families, "output_queue_bytes"), {"other"}) == 1);
}

TEST_CASE("metric families: each problem has its series from the start, and no other thing") {
    Figures figures;
    figures.stats.problems["tcp.hole"] = 3;
    for (int i = 0; i < 5000; ++i) figures.stats.problems["p" + std::to_string(i)] = 1;
    const auto families = metric_families(figures);
    const auto& problems = family(families, "problems_total");
    CHECK(problems.metric.size() == problem_names().size() + 1);
    CHECK(value(problems, {"tcp.hole"}) == 3);
    CHECK(value(problems, {"json.broken"}) == 0);
    CHECK(value(problems, {"other"}) == 5000);
}
