#include "detect/names.h"

#include <doctest/doctest.h>

#include <fstream>

#include "detect/rules.h"
#include "temporary_directory.h"

using namespace umbratap;
using detect::Names;

namespace {

const std::string known =
    "host,path,vendor,transport,source\nmcp.vendor.example,/mcp,Vendor,streamable-http,s\n"
    "shared.example,/api/mcp,Shared,streamable-http,s\nroot.example,/,Root,streamable-http,s\n"
    "two.mcp.example,/a,Two,sse,s\ntwo.mcp.example,/b,Two,sse,s\nonly.example,/x,Only,sse,s\n";
const std::string names =
    "dedicated: [only.example]\nfamilies:\n  - {host: \"*.fam.example\", vendor: F}\n  - {host: "
    "\"a.*.fam.example\", path: /p, vendor: G}\n"
    "spared: {hosts: [mcp.game.example, \"*.mcp.game.example\"], first_labels: [www]}\nlabels: "
    "[mcp]\nmatches: []\nspares: []\n";

std::string complaint(const std::string& csv, const std::string& yaml) {
    const test::TemporaryDirectory directory;
    directory.write("known-mcp-servers.csv", csv);
    directory.write("names.yaml", yaml);
    const std::string text = test::complaint_of([&] { Names read(directory.path()); });
    return text.starts_with(directory.path()) ? text.substr(directory.path().size() + 1) : text;
}

std::string rule(const Names& read, std::string_view host, std::string_view path = {}) {
    const auto match = read.find(host, path);
    return match ? match->rule : "";
}

}  // namespace

TEST_CASE("names: every example of rules/names.yaml does what it should") {
    const Names read(test::rules_directory());
    for (const std::string& failure : read.check()) FAIL_CHECK(failure);
}

TEST_CASE(
    "names: every known server is found by host and path, and its host alone only where it serves "
    "nothing else") {
    const Names read(test::rules_directory());
    std::ifstream in(test::rules_directory() + "/known-mcp-servers.csv");
    std::string line;
    std::getline(in, line);
    int lines = 0;
    while (std::getline(in, line)) {
        const std::size_t host = line.find(','), path = line.find(',', host + 1);
        CAPTURE(line);
        CHECK(rule(read, line.substr(0, host), line.substr(host + 1, path - host - 1)) ==
              "known-server");
        if (line.substr(0, host).find("mcp") == std::string::npos)
            CHECK_FALSE(read.find(line.substr(0, host)));
        ++lines;
    }
    CHECK(lines == 260);
}

TEST_CASE("names: known servers, families and labels, in this order") {
    const test::TemporaryDirectory directory;
    directory.write("known-mcp-servers.csv", known);
    directory.write("names.yaml", names);
    const Names read(directory.path());

    CHECK(rule(read, "MCP.Vendor.Example.") == "known-server");
    CHECK(read.find("mcp.vendor.example")->path == "/mcp");
    CHECK(read.find("mcp.vendor.example")->vendor == "Vendor");
    CHECK(read.find("mcp.vendor.example")->severity == 3);
    CHECK(rule(read, "only.example") == "known-server");
    CHECK(read.find("two.mcp.example")->path.empty());
    CHECK(read.find("two.mcp.example", "/b")->path == "/b");

    CHECK(rule(read, "shared.example").empty());
    CHECK(rule(read, "shared.example", "/").empty());
    CHECK(rule(read, "shared.example", "/api/mcpx").empty());
    CHECK(rule(read, "shared.example", "/api/mcp") == "known-server");
    CHECK(rule(read, "shared.example", "/api/mcp/?x=1") == "known-server");
    CHECK(rule(read, "root.example", "/").empty());

    CHECK(rule(read, "x.fam.example") == "family");
    CHECK(rule(read, "y.x.fam.example") == "family");
    CHECK(rule(read, "fam.example").empty());
    CHECK(rule(read, "xfam.example").empty());

    CHECK(rule(read, "mcp.any.example") == "mcp-label");
    CHECK(read.find("mcp.any.example")->severity == 4);
    CHECK(rule(read, "a-mcp-b.example") == "mcp-label");
    CHECK(rule(read, "amcp.example").empty());
    CHECK(rule(read, "xn--mcp-abc.example") == "mcp-label");
    CHECK(rule(read, "mcp.game.example").empty());
    CHECK(rule(read, "a.mcp.game.example").empty());
    CHECK(rule(read, "www.mcp.example").empty());
    CHECK(rule(read, "mcp.any.example:8443") == "mcp-label");
    CHECK(rule(read, "").empty());
    CHECK(rule(read, "10.0.0.1").empty());
    CHECK(rule(read, "mcp@evil.example").empty());
}

TEST_CASE("names: a wildcard inside stands for one label") {
    const test::TemporaryDirectory directory;
    directory.write("known-mcp-servers.csv", known);
    directory.write("names.yaml",
                    "dedicated: []\nfamilies: [{host: \"*.gw.*.cloud.example\", vendor: C}, {host: "
                    "one.cloud.example, path: /mcp, vendor: D}]\n"
                    "spared: {hosts: [], first_labels: []}\nlabels: [mcp]\nmatches: [{name: "
                    "a.b.example, rule: family}]\nspares: [mcp.x.example]\n");
    const Names read(directory.path());
    CHECK(rule(read, "a.gw.eu.cloud.example") == "family");
    CHECK(rule(read, "b.a.gw.eu.cloud.example") == "family");
    CHECK(rule(read, "gw.eu.cloud.example").empty());
    CHECK(rule(read, "a.gw.eu.west.cloud.example").empty());
    CHECK(rule(read, "a.gw.cloud.example").empty());
    CHECK(rule(read, "one.cloud.example").empty());
    CHECK(rule(read, "one.cloud.example", "/mcp/x") == "family");
    CHECK(rule(read, "x.one.cloud.example", "/mcp").empty());
    CHECK(read.check().size() == 2);  // both examples are wrong on purpose
}

TEST_CASE("names: mistakes are told with file and line") {
    CHECK(complaint(known, names) == "nothing");
    CHECK(complaint("host,path\n", names)
              .starts_with("known-mcp-servers.csv:1: expected the columns"));
    CHECK(complaint("host,path,vendor,transport,source\na b,/m,v,t,s\n", names) ==
          "known-mcp-servers.csv:2: expected a host name, not 'a b'");
    CHECK(complaint("host,path,vendor,transport,source\na.example,m,v,t,s\n", names) ==
          "known-mcp-servers.csv:2: expected a path, not 'm'");
    CHECK(complaint("host,path,vendor,transport,source\na.example,/m\n", names)
              .starts_with("known-mcp-servers.csv:2: expected host,path"));
    CHECK(complaint("host,path,vendor,transport,source\n", names) ==
          "known-mcp-servers.csv:1: expected at least one server");
    CHECK(complaint(known, "dedicatd: []") ==
          "names.yaml:1: unknown key 'dedicatd', did you mean 'dedicated'?");
    CHECK(complaint(known, "dedicated: [unknown.example]") ==
          "names.yaml:1: expected a host of known-mcp-servers.csv");
    CHECK(complaint(known, "dedicated: []\nfamilies: [{host: \"*.com\", vendor: v}]") ==
          "names.yaml:2: expected a host name whose last two labels are no '*'");
}
