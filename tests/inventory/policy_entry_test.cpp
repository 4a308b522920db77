#include "inventory/policy_entry.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "detect/rules.h"

using namespace umbratap;
using inventory::HostSet;
using inventory::PolicyEntry;
using inventory::Verdict;

namespace {

PolicyEntry entry(const std::string& yaml) {
    return inventory::read_policy_entry(detect::YamlNode::parse(yaml, "policy.yaml"));
}

std::string complaint(const std::string& yaml) {
    try {
        entry(yaml);
    } catch (const detect::RuleError& error) {
        return error.what();
    }
    return "nothing";
}

/// A directory with one file, gone at the end of the test.
struct OneFile {
    OneFile(const std::string& name, const std::string& content)
        : directory(std::filesystem::temp_directory_path() /
                    ("umbratap-policy-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(directory);
        std::ofstream(directory / name) << content;
    }
    ~OneFile() { std::filesystem::remove_all(directory); }
    std::filesystem::path directory;
};

PolicyEntry included(const std::string& list, const std::string& verdict = "tolerated") {
    const OneFile file("list.json", list);
    const auto node =
        detect::YamlNode::parse("file: list.json\nverdict: " + verdict, "policy.yaml");
    return inventory::read_included_list(node, file.directory.string());
}

std::string included_complaint(const std::string& list) {
    try {
        included(list);
    } catch (const detect::RuleError& error) {
        const std::string text = error.what();
        return text.substr(text.find("list.json"));
    }
    return "nothing";
}

packet::Address address(const std::string& text) {
    packet::Address result;
    REQUIRE(inventory::read_address(text, result));
    return result;
}

}  // namespace

TEST_CASE("policy entry: everything that can be said is read") {
    const PolicyEntry read = entry(R"(
name: corporate portal
hosts: [mcp-portal.corp.example, "*.mcp.corp.example"]
addresses: [10.20.200.0/24]
ports: [443, 8443]
paths: [/mcp, /team/*]
require_tls: false
via_proxy: true
tools: {allow: ["read_*"], deny: ["read_secret"]}
clients: [10.20.0.0/16]
verdict: tolerated
owner: platform-team
reason: reviewed
expires: 2027-01-31
)");
    CHECK(read.name == "corporate portal");
    CHECK(read.hosts.size() == 2);
    CHECK(read.addresses.contains(address("10.20.200.255")));
    CHECK(read.ports == std::vector<std::uint16_t>{443, 8443});
    CHECK(read.paths == std::vector<std::string>{"/mcp", "/team/*"});
    CHECK_FALSE(read.require_tls);
    CHECK(read.via_proxy);
    CHECK(read.tools_allowed == std::vector<std::string>{"read_*"});
    CHECK(read.tools_denied == std::vector<std::string>{"read_secret"});
    CHECK(read.clients.contains(address("10.20.1.1")));
    CHECK(read.verdict == Verdict::tolerated);
    CHECK(read.owner == "platform-team");
    CHECK(read.expires == std::chrono::sys_days(std::chrono::year(2027) / 1 / 31));
    CHECK(read.line == 2);
}

TEST_CASE("policy entry: what is not said is strict") {
    const PolicyEntry read = entry("{name: p, hosts: [a.example]}");
    CHECK(read.require_tls);
    CHECK_FALSE(read.via_proxy);
    CHECK(read.verdict == Verdict::approved);
    CHECK(read.tools_allowed == std::vector<std::string>{"*"});
    CHECK_FALSE(read.expires);
}

TEST_CASE("policy entry: mistakes are told with file, line and what was expected") {
    CHECK(complaint("name: p\nhostss: [a.example]") ==
          "policy.yaml:2: unknown key 'hostss', did you mean 'hosts'?");
    CHECK(complaint("hosts: [a.example]") == "policy.yaml:1: expected the key 'name'");
    CHECK(complaint("name: p") ==
          "policy.yaml:1: expected 'hosts' or 'addresses': this entry would cover every server");
    CHECK(complaint("name: p\nhosts:\n  - a.example\n  - 'https://b.example/mcp'") ==
          "policy.yaml:4: expected a host name, not 'https://b.example/mcp': it has no scheme, "
          "user, port or path");
    CHECK(complaint("name: p\nhosts: [mcp.*.example]") ==
          "policy.yaml:2: expected a host name, not 'mcp.*.example': '*' may only be the whole "
          "first label, as in '*.corp.example'");
    CHECK(complaint("name: p\nhosts: [\"*\"]")
              .starts_with("policy.yaml:2: expected a host name, not '*'"));
    CHECK(complaint("name: p\nhosts: [\"*.10.0.0.1\"]") ==
          "policy.yaml:2: '*' cannot stand before an address");
    CHECK(complaint("name: p\nhosts: []") == "policy.yaml:2: expected at least one host name");
    CHECK(complaint("name: p\nhosts: [xn--ls8h.example]\naddresses: [300.0.0.0/8]")
              .starts_with("policy.yaml:3: expected an IP address"));
    CHECK(complaint("name: p\nhosts: [a.example]\nports: [0]") ==
          "policy.yaml:3: expected a whole number from 1 to 65535");
    CHECK(complaint("name: p\nhosts: [a.example]\nports: [https]")
              .starts_with("policy.yaml:3: expected a whole number"));
    CHECK(complaint("name: p\nhosts: [a.example]\nrequire_tls: yes") ==
          "policy.yaml:3: expected true or false");
    CHECK(complaint("name: p\nhosts: [a.example]\nverdict: aproved") ==
          "policy.yaml:3: expected one of approved, tolerated, did you mean 'approved'?");
    CHECK(complaint("name: p\nhosts: [a.example]\ntools: {alow: [x]}") ==
          "policy.yaml:3: unknown key 'alow', did you mean 'allow'?");
    CHECK(complaint("name: p\nhosts: [a.example\nverdict: approved").starts_with("policy.yaml:"));
}

TEST_CASE("policy entry: paths are written as they are compared") {
    CHECK(complaint("name: p\nhosts: [a.example]\npaths: [mcp]") ==
          "policy.yaml:3: expected a path that begins with '/'");
    CHECK(complaint("name: p\nhosts: [a.example]\npaths: [/a/*/b]") ==
          "policy.yaml:3: '*' may stand at the end of a path only");
    CHECK(complaint("name: p\nhosts: [a.example]\npaths: [\"/a?b\"]") ==
          "policy.yaml:3: expected a path without query");
    CHECK(complaint("name: p\nhosts: [a.example]\npaths: [/a/../m%63p*]") ==
          "policy.yaml:3: expected a path without escapes and dot segments, did you mean '/mcp*'?");
}

TEST_CASE("policy entry: dates are whole days that exist") {
    for (const char* date : {"2027-02-29", "2027-13-01", "27-01-31", "2027-1-31", "2027/01/31",
                             "tomorrow", "2027-01-31T00:00:00", "9999-01-01"}) {
        CAPTURE(date);
        CHECK(complaint("name: p\nhosts: [a.example]\nexpires: " + std::string(date)) ==
              "policy.yaml:3: expected a date like 2027-01-31");
    }
    CHECK(entry("name: p\nhosts: [a.example]\nexpires: 2028-02-29").expires);
}

TEST_CASE("host set: whole labels, and wildcards for one label or more") {
    HostSet hosts;
    std::string why;
    REQUIRE(hosts.add("Portal.Corp.Example.", why));
    REQUIRE(hosts.add("*.mcp.corp.example", why));
    REQUIRE(
        hosts.add("b\xc3\xbc"
                  "cher.example",
                  why));
    CHECK(hosts.contains("portal.corp.example"));
    CHECK_FALSE(hosts.contains("a.portal.corp.example"));
    CHECK(hosts.contains("a.mcp.corp.example"));
    CHECK(hosts.contains("b.a.mcp.corp.example"));
    CHECK_FALSE(hosts.contains("mcp.corp.example"));
    CHECK_FALSE(hosts.contains("xmcp.corp.example"));
    CHECK(hosts.contains("xn--bcher-kva.example"));
    CHECK_FALSE(hosts.contains("bucher.example"));
}

TEST_CASE(
    "warninglist: a hostname list holds whole names, and names below those with a dot before "
    "them") {
    const PolicyEntry list =
        included(R"({"name":"Vendors","version":1,"description":"d","type":"hostname",
        "matching_attributes":["hostname","domain"],"list":["mcp.vendor.example",".other.example"]})");
    CHECK(list.name == "Vendors");
    CHECK(list.verdict == Verdict::tolerated);
    CHECK(list.require_tls);
    CHECK(list.hosts.contains("mcp.vendor.example"));
    CHECK_FALSE(list.hosts.contains("a.mcp.vendor.example"));
    CHECK(list.hosts.contains("other.example"));
    CHECK(list.hosts.contains("a.other.example"));
    CHECK_FALSE(list.hosts.contains("another.example"));
}

TEST_CASE("warninglist: a cidr list holds networks of both families") {
    const PolicyEntry list = included(
        R"({"name":"N","type":"cidr","list":["192.0.2.0/24","2001:db8::/32","198.51.100.7"]})",
        "approved");
    CHECK(list.verdict == Verdict::approved);
    CHECK(list.addresses.contains(address("192.0.2.200")));
    CHECK(list.addresses.contains(address("2001:db8::9")));
    CHECK(list.addresses.contains(address("198.51.100.7")));
    CHECK_FALSE(list.addresses.contains(address("198.51.100.8")));
}

TEST_CASE(
    "warninglist: a string list holds names or addresses as they are, and is the default type") {
    CHECK(included(R"({"name":"S","type":"string","list":["a.example"]})")
              .hosts.contains("a.example"));
    CHECK(
        included(R"({"name":"S","list":["192.0.2.1"]})").addresses.contains(address("192.0.2.1")));
}

TEST_CASE(
    "warninglist: lists that cannot be held against a server whole are refused with file and "
    "line") {
    CHECK(included_complaint("{\"name\":\"R\",\n\"type\":\"regex\",\"list\":[\".*\"]}") ==
          "list.json:2: warninglists of the type 'regex' cannot be used, expected hostname, cidr "
          "or string");
    CHECK(included_complaint("{\"name\":\"R\",\"type\":\"substring\",\"list\":[\"mcp\"]}")
              .find("'substring'") != std::string::npos);
    CHECK(
        included_complaint(
            "{\"name\":\"R\",\"type\":\"hostname\",\n\"list\":[\"a.example\",\n\"not a name\"]}") ==
        "list.json:3: expected a host name, not 'not a name'");
    CHECK(included_complaint("{\"name\":\"R\",\"list\":[\"a.example\",\"192.0.2.1\"]}") ==
          "list.json:1: expected a list of either names or addresses");
    CHECK(included_complaint("{\"name\":\"R\",\"list\":[]}") ==
          "list.json:1: expected a list that is not empty");
    CHECK(included_complaint("{\"name\":\"R\"}") == "list.json:1: expected the key 'list'");
    CHECK(included_complaint("[1,2]") == "list.json:1: expected a MISP warninglist");
    CHECK(included_complaint("{\"name\":").starts_with("list.json:"));
}

TEST_CASE("included list: it must say what it is worth, and exist") {
    CHECK_THROWS_AS(inventory::read_included_list(
                        detect::YamlNode::parse("file: list.json", "policy.yaml"), "."),
                    detect::RuleError);
    CHECK_THROWS_WITH_AS(
        inventory::read_included_list(
            detect::YamlNode::parse("file: no-such.json\nverdict: approved", "policy.yaml"),
            "/nowhere"),
        "/nowhere/no-such.json:1: cannot be read: No such file or directory", detect::RuleError);
}
