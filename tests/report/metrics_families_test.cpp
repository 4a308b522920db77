#include "report/metrics_families.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

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
    for (const char* name : {"capture_packets_total",
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
                             "build_info"}) {
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
    REQUIRE(durations.metric.size() == 2);
    CHECK(durations.metric[0].label[0].value == "other");
    CHECK(durations.metric[0].histogram.sample_count == 2);
    const auto& histogram = durations.metric[1].histogram;
    CHECK(durations.metric[1].label[0].value == "tools/call");
    CHECK(histogram.sample_count == 3);
    CHECK(histogram.sample_sum == doctest::Approx(400.04));
    CHECK(histogram.bucket[0].cumulative_count == 1);
    CHECK(histogram.bucket[2].cumulative_count == 2);
    CHECK(histogram.bucket.back().cumulative_count == 2);
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
    figures.gauges.sinks = {{"file", {10, 2, 0, 300}}, {"strange", {1, 1, 0, 1}}};
    const auto families = metric_families(figures);
    CHECK(value(family(families, "output_events_total"), {"file"}) == 10);
    CHECK(value(family(families, "output_dropped_total"), {"file"}) == 2);
    CHECK(value(family(families, "output_queue_bytes"), {"other"}) == 1);
}

TEST_CASE("metric families: the number of series is bounded") {
    Figures figures;
    for (int i = 0; i < 5000; ++i) figures.stats.problems["p" + std::to_string(i)] = 1;
    const auto families = metric_families(figures);
    CHECK(family(families, "problems_total").metric.size() <= 401);
}
