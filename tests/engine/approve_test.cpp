#include "engine/approve.h"

#include <doctest/doctest.h>

#include "detect/yaml.h"
#include "engine/options.h"
#include "inventory/policy.h"

using namespace umbratap;
using namespace umbratap::engine;

namespace {

inventory::StoredServer server(const std::string& host, const std::string& path = "/mcp") {
    inventory::StoredServer one;
    one.host = host;
    one.address = "10.0.0.2";
    one.port = 443;
    one.path = path;
    one.verdict = "shadow";
    one.tls = "1.3";
    one.clients = {"10.0.0.1 agent 1"};
    one.first_seen = one.last_seen = Time(std::chrono::sys_days(std::chrono::year(2026) / 10 / 1));
    return one;
}

inventory::Contact contact(const std::string& host, const std::string& path = "/mcp") {
    inventory::Contact one;
    one.time = Time(std::chrono::sys_days(std::chrono::year(2026) / 10 / 2));
    const std::uint8_t address[] = {10, 0, 0, 2};
    one.server = packet::Address::from_v4(address);
    one.port = 443;
    one.host = host;
    one.path = path;
    one.tls = true;
    one.server_name = host;
    return one;
}

inventory::Verdict verdict(const std::string& policy, const inventory::Contact& of) {
    return inventory::Policy::read(detect::YamlNode::parse(policy, "p.yaml")).judge(of).verdict;
}

using inventory::Verdict;

}  // namespace

TEST_CASE("approve: the entry covers what was seen, and no more") {
    const std::string policy = policy_for({server("a.example"), server("b.example")},
                                          {{"a.example"}, "approved", "team", "asked for", {}});
    CHECK(verdict(policy, contact("a.example")) == Verdict::approved);
    CHECK(verdict(policy, contact("a.example", "/other")) == Verdict::shadow);
    CHECK(verdict(policy, contact("b.example")) == Verdict::shadow);
    inventory::Contact bare = contact("a.example");
    bare.tls = false;
    CHECK(verdict(policy, bare) == Verdict::shadow);
    bare = contact("a.example");
    bare.port = 8443;
    CHECK(verdict(policy, bare) == Verdict::shadow);
}

TEST_CASE("approve: without a name all servers that are shadow") {
    inventory::StoredServer known = server("known.example");
    known.verdict = "approved";
    const std::string policy = policy_for({server("a.example"), known, server("b.example")},
                                          {{}, "tolerated", {}, {}, {}});
    CHECK(verdict(policy, contact("a.example")) == Verdict::tolerated);
    CHECK(verdict(policy, contact("b.example")) == Verdict::tolerated);
    CHECK(verdict(policy, contact("known.example")) == Verdict::shadow);
}

TEST_CASE("approve: paths of one host are one entry; too many, or strange ones, are any path") {
    const std::string two =
        policy_for({server("a.example", "/x"), server("a.example", "/y")}, Approval{});
    CHECK(verdict(two, contact("a.example", "/x")) == Verdict::approved);
    CHECK(verdict(two, contact("a.example", "/y")) == Verdict::approved);
    CHECK(verdict(two, contact("a.example", "/z")) == Verdict::shadow);
    std::vector<inventory::StoredServer> many;
    for (int i = 0; i < 30; ++i) many.push_back(server("a.example", "/" + std::to_string(i)));
    CHECK(verdict(policy_for(many, Approval{}), contact("a.example", "/z")) == Verdict::approved);
    for (const char* path : {"/a*b", "/%252e", "", "*"}) {
        CAPTURE(path);
        const std::string any = policy_for({server("a.example", path)}, Approval{});
        CHECK(verdict(any, contact("a.example", "/z")) == Verdict::approved);
    }
}

TEST_CASE("approve: what was seen in clear is approved in clear, and that is said") {
    inventory::StoredServer clear = server("a.example");
    clear.tls = "none";
    const std::string policy = policy_for({clear}, Approval{});
    inventory::Contact bare = contact("a.example");
    bare.tls = false;
    bare.server_name.clear();
    CHECK(verdict(policy, bare) == Verdict::approved);
    CHECK(policy.find("# it was seen without TLS") != std::string::npos);
}

TEST_CASE("approve: where the name is not one server for everybody the address belongs to it") {
    inventory::StoredServer local = server("localhost"), nameless = server("");
    local.scope = nameless.scope = "10.0.0.2";
    inventory::Contact elsewhere = contact("localhost");
    const std::uint8_t other[] = {10, 0, 0, 3};
    elsewhere.server = packet::Address::from_v4(other);
    const std::string policy = policy_for({local}, Approval{});
    CHECK(verdict(policy, contact("localhost")) == Verdict::approved);
    CHECK(verdict(policy, elsewhere) == Verdict::shadow);
    CHECK(policy_for({nameless}, Approval{}).find("hosts") == std::string::npos);
    CHECK(policy_for({server("2001:db8::1")}, Approval{}).find("[\"[2001:db8::1]\"]") !=
          std::string::npos);
}

TEST_CASE("approve: an expiry counts") {
    const std::string policy =
        policy_for({server("a.example")}, {{}, "approved", {}, {}, "2026-10-01"});
    CHECK(verdict(policy, contact("a.example")) == Verdict::shadow);
}

TEST_CASE("approve: text of the wire stays text") {
    inventory::StoredServer hostile = server("a.example");
    hostile.name = "x\n  - name: evil\n    hosts: [evil.example]\n#\xe2\x80\xae\x1b[2J";
    const std::string policy = policy_for({hostile}, Approval{});
    CHECK(verdict(policy, contact("evil.example")) == Verdict::shadow);
    CHECK(policy.find('\x1b') == std::string::npos);
    CHECK(policy.find("\xe2\x80\xae") == std::string::npos);
    hostile.path = "/\"]\n    hosts: [evil.example";
    CHECK(verdict(policy_for({hostile}, Approval{}), contact("evil.example")) == Verdict::shadow);
}

TEST_CASE("approve: what cannot be approved is said in one line") {
    const std::vector<inventory::StoredServer> servers = {server("a-server.example")};
    CHECK_THROWS_WITH_AS(policy_for(servers, {{"a-sever.example"}, "approved", {}, {}, {}}),
                         doctest::Contains("did you mean 'a-server.example'"), UsageError);
    CHECK_THROWS_WITH_AS(policy_for({}, Approval{}), doctest::Contains("nothing to approve"),
                         UsageError);
    CHECK_THROWS_WITH_AS(policy_for(servers, {{}, "aproved", {}, {}, {}}),
                         doctest::Contains("did you mean 'approved'"), UsageError);
    CHECK_THROWS_WITH_AS(policy_for(servers, {{}, "approved", {}, {}, "tomorrow"}),
                         doctest::Contains("expected a date"), UsageError);
}
