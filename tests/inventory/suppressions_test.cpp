#include "inventory/suppressions.h"

#include <doctest/doctest.h>

#include <string>

namespace umbratap::inventory {
namespace {

Suppressions read(const std::string& entries) {
    return Suppressions::read(
        detect::YamlNode::parse("version: 1\nsuppressions:\n" + entries, "suppressions.yaml"));
}

std::string complaint(const std::string& entries) {
    try {
        read(entries);
    } catch (const detect::RuleError& error) {
        return error.what();
    }
    return "";
}

const std::string entry =
    "  - {name: a, category: tool-poisoning, rule: r, server: s.example, client: 10.0.0.0/8,"
    " tool: t, reason: seen, expires: 2026-11-30}\n";

SuppressibleAlert alert() {
    SuppressibleAlert one;
    one.category = "tool-poisoning";
    one.rule = "r";
    one.server = "s.example";
    one.tool = "t";
    const std::uint8_t client[4] = {10, 1, 2, 3};
    one.client = packet::Address::from_v4(client);
    one.time =
        Time(std::chrono::sys_days(std::chrono::year(2026) / 11 / 30) + std::chrono::hours(23));
    return one;
}

TEST_CASE("all that a suppression states must hold, until the end of its last day") {
    const Suppressions suppressions = read(entry);
    REQUIRE(suppressions.find(alert()) != nullptr);
    CHECK(suppressions.find(alert())->name == "a");
    const auto differs = [&](auto change) {
        SuppressibleAlert other = alert();
        change(other);
        return suppressions.find(other) == nullptr;
    };
    CHECK(differs([](SuppressibleAlert& one) { one.category = "tool-drift"; }));
    CHECK(differs([](SuppressibleAlert& one) { one.rule = "other"; }));
    CHECK(differs([](SuppressibleAlert& one) { one.server = "other.example"; }));
    CHECK(differs([](SuppressibleAlert& one) { one.tool = ""; }));
    CHECK(differs([](SuppressibleAlert& one) { one.client.reset(); }));
    CHECK(differs([](SuppressibleAlert& one) { one.time += std::chrono::hours(1); }));
}

TEST_CASE("what a suppression does not state is free") {
    const Suppressions suppressions =
        read("  - {name: a, category: tool-poisoning, reason: seen, expires: 2027-01-01}\n");
    SuppressibleAlert other = alert();
    other.server = "x";
    other.client.reset();
    CHECK(suppressions.find(other) != nullptr);
}

TEST_CASE("a mistake is told with its line") {
    CHECK(complaint("  - {name: a, category: c, reason: r}\n").find("suppressions.yaml:3") == 0);
    CHECK(complaint("  - {name: a, category: c, reason: r, expires: soon}\n") ==
          "suppressions.yaml:3: expected a date like 2027-01-31");
    CHECK(complaint(entry + entry).find("is taken by line 3") != std::string::npos);
    CHECK(complaint("  - {name: a, category: c, reson: r, expires: 2027-01-01}\n")
              .find("did you mean 'reason'") != std::string::npos);
    CHECK(complaint("  - {name: a, category: c, client: x, reason: r, expires: 2027-01-01}\n")
              .find("suppressions.yaml:3") == 0);
}

TEST_CASE("suppressions are described in one line each") {
    CHECK(read(entry).describe() ==
          std::vector<std::string>{"suppressed 'a': tool-poisoning, rule r, server s.example, "
                                   "client 10.0.0.0/8, tool t, until 2026-11-30 (seen)"});
    CHECK(Suppressions().describe().empty());
}

}  // namespace
}  // namespace umbratap::inventory
