// Rules::check finds examples that do not do what they should.
#include <doctest/doctest.h>

#include "detect/rules.h"
#include "temporary_directory.h"

using namespace umbratap;

namespace {

std::vector<std::string> failures(const std::string& yaml) {
    const test::TemporaryDirectory directory;
    directory.write("r.yaml", yaml);
    std::vector<std::string> found = detect::Rules(directory.path()).check();
    for (std::string& line : found) line.erase(0, directory.path().size() + 1);
    return found;
}

const std::string head =
    "evidence:\n- id: r\n  sid: 1001\n  title: t\n  weight: 60\n  when: {method: a/b}\n";
const std::string right =
    "  matches: ['{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a/b\"}']\n  spares: "
    "['{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"c\"}', 'no JSON']\n";

}  // namespace

TEST_CASE("check: right examples are silent") {
    CHECK(failures(head + right).empty());
}

TEST_CASE(
    "check: an example that matches nothing, and one that is not spared, are told with their "
    "line") {
    const std::vector<std::string> found =
        failures(head +
                 "  matches:\n  - 'x'\n  spares:\n  - "
                 "'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a/b\"}'\n");
    REQUIRE(found.size() == 2);
    CHECK(found[0] == "r.yaml:8: r should match: x");
    CHECK(found[1].starts_with("r.yaml:10: r should spare: {"));
}

TEST_CASE("check: any message of a batch may match") {
    CHECK(failures(head + "  matches: "
                          "['[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"c\"},{\"jsonrpc\":\"2.0\","
                          "\"id\":2,\"method\":\"a/b\"}]']\n"
                          "  spares: ['[]']\n")
              .empty());
}

TEST_CASE("check: what all rules together must say is checked too") {
    const std::string message = "'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a/b\"}'";
    CHECK(failures(head + right + "confirms: [" + message + "]\n").empty());
    const std::vector<std::string> found =
        failures(head + right + "confirms: ['{}']\nnever_confirms: [" + message + "]\n");
    REQUIRE(found.size() == 2);
    CHECK(found[0] == "r.yaml:9: all rules together should confirm, but give 0: {}");
    CHECK(found[1].starts_with("r.yaml:10: all rules together should not confirm, but give 60: "));
}
