#include "report/metrics.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <thread>

#include "report/sample.h"
#include "support/temporary_file.h"

using namespace umbratap;
using namespace umbratap::report;

namespace {

/// What a shell command prints; its exit status is appended.
std::string output_of(const std::string& command) {
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string output;
    std::array<char, 4096> bytes;
    for (std::size_t n; (n = fread(bytes.data(), 1, bytes.size(), pipe)) > 0;)
        output.append(bytes.data(), n);
    return output + "[" + std::to_string(WEXITSTATUS(pclose(pipe))) + "]";
}

std::string url(const Metrics& metrics, const std::string& path) {
    return "http://127.0.0.1:" + std::to_string(metrics.port()) + path;
}

std::string get(const Metrics& metrics, const std::string& path) {
    return output_of("curl -s -m 10 -w '%{http_code}' " + url(metrics, path));
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("metrics: a scrape sees what was published, and nothing before") {
    Metrics metrics{MetricsOptions{"127.0.0.1:0"}};
    REQUIRE(metrics.port() > 0);
    inventory::Alert alert = test::alert();
    metrics.count(alert);
    CHECK(has(get(metrics, "/metrics"), "umbratap_capture_packets_total 0\n"));
    const std::string shadow_alerts =
        "umbratap_alerts_total{category=\"shadow-server\",severity=\"2\"} ";
    CHECK(has(get(metrics, "/metrics"), shadow_alerts + "0\n"));
    inventory::Stats stats;
    stats.packets = 42;
    metrics.publish(stats, {});
    const std::string text = get(metrics, "/metrics");
    CHECK(has(text, "umbratap_capture_packets_total 42\n"));
    CHECK(has(text, shadow_alerts + "1\n"));
    CHECK(text.ends_with("200[0]"));
}

TEST_CASE("metrics: health is always well, readiness is said") {
    Metrics metrics{MetricsOptions{"127.0.0.1:0"}};
    CHECK(get(metrics, "/healthz") == "ok\n200[0]");
    CHECK(get(metrics, "/readyz") == "not ready\n503[0]");
    metrics.ready(true);
    CHECK(get(metrics, "/readyz") == "ready\n200[0]");
    metrics.ready(false);
    CHECK(get(metrics, "/readyz") == "not ready\n503[0]");
}

TEST_CASE("metrics: nothing else is served, and nothing can be changed") {
    Metrics metrics{MetricsOptions{"127.0.0.1:0"}};
    CHECK(has(get(metrics, "/"), "404[0]"));
    CHECK(has(get(metrics, "/metrics/../../etc/passwd"), "404[0]"));
    CHECK(output_of("curl -s -m 10 -o /dev/null -w '%{http_code}' -X POST -d x " +
                    url(metrics, "/metrics")) == "405[0]");
    CHECK(has(output_of("curl -s -m 10 -I " + url(metrics, "/metrics")),
              "text/plain; version=0.0.4"));
}

TEST_CASE("metrics: an address in use is said in one line") {
    Metrics first{MetricsOptions{"127.0.0.1:0"}};
    const std::string address = "127.0.0.1:" + std::to_string(first.port());
    CHECK_THROWS_WITH_AS(Metrics{MetricsOptions{address}},
                         ("metrics: cannot listen on " + address +
                          ": Address already in use; is another umbratap running?")
                             .c_str(),
                         MetricsError);
}

TEST_CASE("metrics: with a user, figures are for those who know the password, health for all") {
    const std::string password = test::temporary_file();
    std::ofstream(password) << "s3cret: with colon\r\nanother line\n";
    Metrics metrics{MetricsOptions{"127.0.0.1:0", "prometheus", password}};
    metrics.ready(true);
    const auto as = [&](const std::string& credentials) {
        return output_of("curl -s -m 10 -o /dev/null -w '%{http_code}' -u '" + credentials + "' " +
                         url(metrics, "/metrics"));
    };
    CHECK(get(metrics, "/metrics") == "401[0]");
    CHECK(as("prometheus:s3cret: with colon") == "200[0]");
    CHECK(as("prometheus:wrong") == "401[0]");
    CHECK(as("prometheus:") == "401[0]");
    CHECK(as("Prometheus:s3cret: with colon") == "401[0]");
    CHECK(has(output_of("curl -s -m 10 -I " + url(metrics, "/metrics")),
              "WWW-Authenticate: Basic realm=\"umbratap\""));
    CHECK(get(metrics, "/healthz") == "ok\n200[0]");
    CHECK(get(metrics, "/readyz") == "ready\n200[0]");
    unlink(password.c_str());
}

TEST_CASE("metrics: a password that cannot be read is said in one line") {
    const std::string empty = test::temporary_file();
    for (const std::string& file : {std::string("no-such-file"), empty}) {
        CHECK_THROWS_WITH_AS((Metrics{MetricsOptions{"127.0.0.1:0", "u", file}}),
                             doctest::Contains(("password_file " + file).c_str()), MetricsError);
    }
    unlink(empty.c_str());
}

TEST_CASE("metrics: scrapes and publishing do not disturb each other") {
    Metrics metrics{MetricsOptions{"127.0.0.1:0"}};
    std::string last;
    std::thread scraper([&] {
        for (int i = 0; i < 5; ++i) last = get(metrics, "/metrics");
    });
    inventory::Stats stats;
    for (int i = 0; i < 2000; ++i) {
        ++stats.packets;
        metrics.count(test::alert());
        metrics.publish(stats, {});
    }
    scraper.join();
    CHECK(last.ends_with("200[0]"));
}

TEST_CASE("metrics: promtool has nothing to complain of") {
    if (!output_of("command -v promtool").ends_with("[0]")) {
        MESSAGE("skipped: there is no promtool (Debian package prometheus)");
        return;
    }
    Metrics metrics{MetricsOptions{"127.0.0.1:0"}};
    inventory::Call call;
    call.method = "tools/call";
    call.answered = true;
    metrics.count(call);
    metrics.count(test::alert());
    inventory::Stats stats;
    stats.problems = {{"tcp.gap", 1}};
    Gauges gauges;
    gauges.sinks["file"] = {};
    metrics.publish(stats, gauges);
    CHECK(output_of("curl -s -m 10 " + url(metrics, "/metrics") +
                    " | promtool check metrics 2>&1") == "[0]");
}
