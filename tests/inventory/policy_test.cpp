#include "inventory/policy.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "detect/rules.h"
#include "detect/yaml.h"
#include "inventory/network_set.h"

using namespace umbratap;
using inventory::Contact;
using inventory::Policy;
using inventory::Seen;
using inventory::Verdict;

namespace {

packet::Address address(const std::string& text) {
    packet::Address result;
    REQUIRE(inventory::read_address(text, result));
    return result;
}

Time at(int year, unsigned month, unsigned day, std::chrono::nanoseconds into = {}) {
    return Time(std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) /
                                      static_cast<int>(day))) +
           into;
}

Policy policy(const std::string& yaml) {
    return Policy::read(detect::YamlNode::parse(yaml, "policy.yaml"));
}

/// A policy of one entry.
Policy one(const std::string& entry) {
    return policy("version: 1\nportals: [{name: p, " + entry + "}]");
}

std::string complaint(const std::string& yaml) {
    try {
        policy(yaml);
    } catch (const detect::RuleError& error) {
        return error.what();
    }
    return "nothing";
}

/// What an honest client of the portal looks like.
Contact portal() {
    Contact contact;
    contact.time = at(2026, 11, 21);
    contact.client = address("10.20.3.4");
    contact.server = address("10.20.200.7");
    contact.port = 443;
    contact.host = contact.server_name = "portal.corp.example";
    contact.path = "/mcp";
    contact.tls = true;
    return contact;
}

Contact named(const std::string& host) {
    Contact contact = portal();
    contact.host = contact.server_name = host;
    return contact;
}

Contact at_path(const std::string& path) {
    Contact contact = portal();
    contact.path = path;
    return contact;
}

bool approved(const Policy& policy, const Contact& contact) {
    return policy.judge(contact).verdict == Verdict::approved;
}

}  // namespace

TEST_CASE("policy: without one everything is shadow and no tool is denied") {
    const Policy none;
    CHECK_FALSE(none.given());
    CHECK(none.judge(portal()).verdict == Verdict::shadow);
    CHECK(none.judge(portal()).entry.empty());
    CHECK(none.tool_allowed("", "shell_exec"));
    CHECK(none.describe().empty());
}

TEST_CASE("policy: the honest portal is approved by the entry that names it") {
    const Policy given = one("hosts: [portal.corp.example]");
    CHECK(given.given());
    CHECK(given.judge(portal()).verdict == Verdict::approved);
    CHECK(given.judge(portal()).entry == "p");
    CHECK(given.judge(named("other.corp.example")).verdict == Verdict::shadow);
}

TEST_CASE("policy: a name is compared without case, trailing dot and port") {
    const Policy given = one("hosts: [portal.corp.example]");
    CHECK(approved(given, named("PORTAL.CORP.EXAMPLE.")));
    Contact with_port = portal();
    with_port.host = "portal.corp.example:443";
    CHECK(approved(given, with_port));
    Contact spelled = portal();
    spelled.host = "Portal.Corp.Example.";
    CHECK(approved(given, spelled));
}

TEST_CASE("policy: names made to look like an approved one are not") {
    const Policy given = one("hosts: [portal.corp.example, \"*.mcp.corp.example\"]");
    for (const char* host : {
             "portal.corp.example.evil.tld",
             "evil-portal.corp.example",
             "evilportal.corp.example",
             "portal.corp.example-evil.tld",
             "a.portal.corp.example",
             "portal-corp.example",
             "portal.corp.example..",
             ".portal.corp.example",
             "portal..corp.example",
             "corp.example",
             "mcp.corp.example",
             "evilmcp.corp.example",
             "a.mcp.corp.example.evil.tld",
             "a.mcp.corp.examples",
             "p\xd0\xberta1.corp.example",  // Cyrillic o
             "\xd1\x80ortal.corp.example",  // Cyrillic r
             "xn--ortal-q5d.corp.example",
             "xn--prtal-jye.corp.example",
             "portal.corp.example@evil.tld",
             "evil.tld@portal.corp.example",
             "user:pw@portal.corp.example",
             "portal.corp.example/evil.tld",
             "portal.corp.example evil.tld",
             "portal.corp.example:443:80",
             "portal.corp.example:x",
             "portal.corp.example\t",
             "portal.corp.exa\xc2\xadmple.evil",
             "*.mcp.corp.example",
             "",
         }) {
        CAPTURE(host);
        Contact contact = named(host);
        CHECK_FALSE(approved(given, contact));
        contact.tls = false;  // nor where the Host stands alone
        contact.server_name.clear();
        contact.decrypted_mirror = true;
        CHECK_FALSE(approved(given, contact));
    }
    CHECK_FALSE(approved(given, named(std::string("portal.corp.example\0.evil.tld", 29))));
    CHECK(approved(given, named("a.mcp.corp.example")));
    CHECK(approved(given, named("b.a.mcp.corp.example")));
}

TEST_CASE("policy: names beyond ASCII are one name in each of their spellings") {
    const Policy unicode =
        one("hosts: [\"b\xc3\xbc"
            "cher.corp.example\"]");
    const Policy a_label = one("hosts: [xn--bcher-kva.corp.example]");
    for (const Policy* given : {&unicode, &a_label}) {
        CHECK(approved(*given, named("xn--bcher-kva.corp.example")));
        CHECK(approved(*given, named("XN--BCHER-KVA.corp.example")));
        CHECK(approved(*given, named("B\xc3\x9c"
                                     "CHER.corp.example")));
        CHECK_FALSE(approved(*given, named("bucher.corp.example")));
    }
}

TEST_CASE(
    "policy: a Host that the SNI contradicts matches nothing, even where TLS is not required") {
    for (const char* entry :
         {"hosts: [portal.corp.example]", "hosts: [portal.corp.example], require_tls: false"}) {
        const Policy given = one(entry);
        Contact fronted = portal();
        fronted.server_name = "evil.tld";
        CHECK_FALSE(approved(given, fronted));
        fronted.decrypted_mirror = true;
        CHECK_FALSE(approved(given, fronted));
        Contact hidden = portal();
        hidden.host = "evil.tld";
        CHECK_FALSE(approved(given, hidden));
        Contact broken = portal();
        broken.host = "evil@portal.corp.example";
        CHECK_FALSE(approved(given, broken));
    }
}

TEST_CASE("policy: with require_tls, TLS must have been there and have named the host") {
    const Policy strict = one("hosts: [portal.corp.example]"),
                 lax = one("hosts: [portal.corp.example], require_tls: false");
    Contact clear = portal();
    clear.tls = false;
    clear.server_name.clear();
    CHECK_FALSE(approved(strict, clear));
    CHECK(approved(lax, clear));
    Contact nameless = portal();
    nameless.server_name.clear();
    CHECK_FALSE(approved(strict, nameless));
    CHECK(approved(lax, nameless));
}

TEST_CASE("policy: behind a mirror that took TLS off, the Host stands alone") {
    const Policy strict = one("hosts: [portal.corp.example]");
    Contact mirrored = portal();
    mirrored.tls = false;
    mirrored.server_name.clear();
    mirrored.decrypted_mirror = true;
    CHECK(approved(strict, mirrored));
    mirrored.host = "evil.tld";
    CHECK_FALSE(approved(strict, mirrored));
}

TEST_CASE("policy: a certificate that was seen must cover the host") {
    const Policy given = one("hosts: [portal.corp.example]");
    const auto with = [](std::vector<std::string> names) {
        Contact contact = portal();
        contact.certificate_names = std::move(names);
        return contact;
    };
    CHECK(approved(given, with({"portal.corp.example"})));
    CHECK(approved(given, with({"other.example", "PORTAL.corp.example"})));
    CHECK(approved(given, with({"*.corp.example"})));
    CHECK_FALSE(approved(given, with({"evil.tld"})));
    CHECK_FALSE(approved(given, with({"*.example"})));  // one label only
    CHECK_FALSE(approved(given, with({"*.portal.corp.example"})));
    CHECK_FALSE(approved(given, with({"p*.corp.example"})));
    CHECK_FALSE(approved(given, with({"*"})));
    CHECK_FALSE(approved(given, with({""})));
}

TEST_CASE("policy: a host that is an address is vouched for by the server's address") {
    const Policy given = one("hosts: [10.20.200.7, \"[2001:DB8:0::7]\"]");
    Contact v4 = portal();
    v4.host = "10.20.200.7";
    v4.server_name.clear();
    CHECK(approved(given, v4));
    v4.server = address("203.0.113.9");
    CHECK_FALSE(approved(given, v4));
    Contact v6 = portal();
    v6.host = "[2001:db8::7]:443";
    v6.server_name.clear();
    v6.server = address("2001:db8::7");
    CHECK(approved(given, v6));
    v6.host = "[2001:db8::8]";
    CHECK_FALSE(approved(given, v6));
    v6.host = "2001:db8::7";  // without brackets it is no host (RFC 3986, 3.2.2)
    CHECK_FALSE(approved(given, v6));
    for (const char* odd : {"167772161", "0x0a14c807", "10.20.51207", "010.020.200.007"}) {
        CAPTURE(odd);
        Contact contact = portal();
        contact.host = odd;
        contact.server_name.clear();
        CHECK_FALSE(approved(given, contact));
    }
}

TEST_CASE("policy: addresses, ports, paths and clients must all hold") {
    const Policy given =
        one("hosts: [portal.corp.example], addresses: [10.20.200.0/24, \"2001:db8::/64\"], ports: "
            "[443], paths: [/mcp, \"/team/*\"],"
            "clients: [10.20.0.0/16]");
    CHECK(approved(given, portal()));
    Contact elsewhere = portal();
    elsewhere.server = address("10.20.201.7");
    CHECK_FALSE(approved(given, elsewhere));
    elsewhere.server = address("2001:db8::9");
    CHECK(approved(given, elsewhere));
    elsewhere.server.reset();
    CHECK_FALSE(approved(given, elsewhere));
    Contact port = portal();
    port.port = 8443;
    CHECK_FALSE(approved(given, port));
    Contact stranger = portal();
    stranger.client = address("10.21.0.1");
    CHECK_FALSE(approved(given, stranger));
    CHECK_FALSE(approved(given, at_path("/other")));
    CHECK_FALSE(approved(given, at_path("")));
}

TEST_CASE("policy: paths are compared decoded, without dot segments and query") {
    const Policy given = one("hosts: [portal.corp.example], paths: [/mcp, \"/team/*\"]");
    for (const char* path : {"/mcp", "/m%63p", "/x/../mcp", "/x/%2e%2e/mcp", "/mcp?session=1",
                             "/team/a", "/team/a/b", "/team/"}) {
        CAPTURE(path);
        CHECK(approved(given, at_path(path)));
    }
    for (const char* path :
         {"/mcp/", "/MCP", "/mcpx", "/x/mcp", "/team", "/team/../admin", "/team/%2e%2e/admin",
          "/team/..%2fadmin", "/team/%252e%252e/admin", "/team/..;/admin", "/team/..\\admin",
          "/team/a%00", "/x?/mcp", "/x#/mcp", "mcp", "//portal.corp.example/mcp"}) {
        CAPTURE(path);
        CHECK_FALSE(approved(given, at_path(path)));
    }
}

TEST_CASE(
    "policy: an entry of addresses alone asks for no name, but for TLS in which names agree") {
    const Policy given = one("addresses: [10.20.200.0/24]");
    CHECK(approved(given, portal()));
    Contact bare = portal();
    bare.host.clear();
    bare.server_name.clear();
    bare.path.clear();
    CHECK(approved(given, bare));
    bare.tls = false;
    CHECK_FALSE(approved(given, bare));
    CHECK(approved(one("addresses: [10.20.200.0/24], require_tls: false"), bare));
    Contact fronted = portal();
    fronted.server_name = "evil.tld";
    CHECK_FALSE(approved(given, fronted));
    Contact outside = portal();
    outside.server = address("203.0.113.9");
    CHECK_FALSE(approved(given, outside));
}

TEST_CASE("policy: behind a proxy an entry with addresses matches only if it says so") {
    Contact proxied = portal();
    proxied.via_proxy = true;
    proxied.server.reset();
    CHECK_FALSE(
        approved(one("hosts: [portal.corp.example], addresses: [10.20.200.0/24]"), proxied));
    CHECK(
        approved(one("hosts: [portal.corp.example], addresses: [10.20.200.0/24], via_proxy: true"),
                 proxied));
    CHECK(approved(one("hosts: [portal.corp.example]"), proxied));
    // The proxy's own address is not the server's.
    proxied.server = address("10.20.200.1");
    CHECK_FALSE(
        approved(one("hosts: [portal.corp.example], addresses: [10.20.200.0/24]"), proxied));
    // Seen directly, via_proxy lets nothing pass.
    Contact direct = portal();
    direct.server = address("203.0.113.9");
    CHECK_FALSE(approved(
        one("hosts: [portal.corp.example], addresses: [10.20.200.0/24], via_proxy: true"), direct));
}

TEST_CASE(
    "policy: an entry counts to the end of its last day in packet time, and its end is told") {
    const Policy given = one("hosts: [portal.corp.example], expires: 2027-01-31");
    Contact contact = portal();
    contact.time = at(2027, 1, 31, std::chrono::hours(24) - std::chrono::nanoseconds(1));
    CHECK(approved(given, contact));
    CHECK(given.judge(contact).expired.empty());
    contact.time = at(2027, 2, 1);
    CHECK_FALSE(approved(given, contact));
    CHECK(given.judge(contact).expired == "p");
    contact.host = contact.server_name = "other.example";
    CHECK(given.judge(contact).expired.empty());
}

TEST_CASE("policy: behind an expired entry a later one may still decide, and both are told") {
    const Policy given = policy(R"(
version: 1
portals:
  - {name: old, hosts: [portal.corp.example], expires: 2020-01-01}
  - {name: new, hosts: [portal.corp.example], verdict: tolerated}
)");
    const inventory::Judgement judgement = given.judge(portal());
    CHECK(judgement.verdict == Verdict::tolerated);
    CHECK(judgement.entry == "new");
    CHECK(judgement.expired == "old");
    REQUIRE(given.warnings().size() == 1);
    CHECK(given.warnings()[0] == "policy.yaml:4: the entry 'old' expired on 2020-01-01");
}

TEST_CASE("policy: the first entry that covers a contact decides") {
    const Policy given = policy(R"(
version: 1
portals:
  - {name: one path, hosts: [portal.corp.example], paths: [/lab/*], verdict: tolerated}
  - {name: all, hosts: [portal.corp.example]}
)");
    CHECK(given.judge(at_path("/lab/1")).entry == "one path");
    CHECK(given.judge(at_path("/lab/1")).verdict == Verdict::tolerated);
    CHECK(given.judge(at_path("/mcp")).entry == "all");
}

TEST_CASE("policy: what no entry covers may be tolerated, but never approved") {
    CHECK(policy("version: 1\ndefaults: {unlisted: tolerated}").judge(portal()).verdict ==
          Verdict::tolerated);
    CHECK(policy("version: 1\ndefaults: {unlisted: tolerated}").judge(portal()).entry.empty());
    CHECK(policy("version: 1").judge(portal()).verdict == Verdict::shadow);
    CHECK(complaint("version: 1\ndefaults: {unlisted: approved}") ==
          "policy.yaml:2: expected one of shadow, tolerated");
}

TEST_CASE("policy: tools are allowed and denied by whole names with stars, denial first") {
    const Policy given = policy(R"(
version: 1
portals:
  - {name: open, hosts: [a.example], tools: {deny: ["shell_*", "*_admin"]}}
  - {name: narrow, hosts: [b.example], tools: {allow: ["read_*", now], deny: [read_secret]}}
  - {name: none, hosts: [c.example], tools: {allow: []}}
)");
    CHECK(given.tool_allowed("open", "echo"));
    CHECK_FALSE(given.tool_allowed("open", "shell_exec"));
    CHECK_FALSE(given.tool_allowed("open", "shell_"));
    CHECK(given.tool_allowed("open", "my_shell_exec"));
    CHECK_FALSE(given.tool_allowed("open", "user_admin"));
    CHECK(given.tool_allowed("open", "Shell_exec"));
    CHECK(given.tool_allowed("narrow", "read_file"));
    CHECK(given.tool_allowed("narrow", "now"));
    CHECK_FALSE(given.tool_allowed("narrow", "nowhere"));
    CHECK_FALSE(given.tool_allowed("narrow", "read_secret"));
    CHECK_FALSE(given.tool_allowed("narrow", "write_file"));
    CHECK_FALSE(given.tool_allowed("none", "echo"));
    CHECK(given.tool_allowed("no such entry", "echo"));
}

TEST_CASE("policy: of an opaque connection only the SNI is held against it") {
    const Policy given =
        one("hosts: [portal.corp.example], paths: [/mcp], addresses: [10.20.200.0/24]");
    Contact opaque = portal();
    opaque.host.clear();
    opaque.path.clear();
    CHECK_FALSE(approved(given, opaque));
    CHECK(given.judge(opaque, Seen::name_only).verdict == Verdict::approved);
    opaque.server_name = "portal.corp.example.evil.tld";
    CHECK(given.judge(opaque, Seen::name_only).verdict == Verdict::shadow);
    opaque.server_name = "portal.corp.example";
    opaque.server = address("203.0.113.9");
    CHECK(given.judge(opaque, Seen::name_only).verdict == Verdict::shadow);
}

TEST_CASE(
    "policy: a contact that borrows an approved name is told, with the entry and the reason") {
    const Policy given =
        one("hosts: [portal.corp.example, alias.corp.example, \"*.mcp.corp.example\"]");
    const auto why = [&](const Contact& contact) {
        const auto found = given.lookalike(contact);
        return found ? found->why + " of " + found->approved : "none";
    };
    CHECK(why(portal()) == "none");
    CHECK(why(named("a.mcp.corp.example")) == "none");
    CHECK(why(named("stranger.example")) == "none");
    CHECK(why(named("portal.corp.example.evil.tld")) == "embedded of portal.corp.example");
    CHECK(why(named("porta1.corp.example")) == "homograph of portal.corp.example");
    CHECK(why(named("a.mcp.corp.example.evil.tld")) == "embedded of mcp.corp.example");
    Contact contact = portal();
    contact.server_name = "evil.tld";
    CHECK(why(contact) == "contradicted of portal.corp.example");
    CHECK(given.lookalike(contact)->name == "evil.tld");
    contact = portal();
    contact.host = "evil.tld";
    CHECK(why(contact) == "contradicted of portal.corp.example");
    contact.host = "alias.corp.example";
    CHECK(why(contact) == "none");
    contact = portal();
    contact.certificate_names = {"evil.tld"};
    CHECK(why(contact) == "certificate of portal.corp.example");
    contact.certificate_names = {"*.corp.example"};
    CHECK(why(contact) == "none");
    CHECK_FALSE(Policy().lookalike(named("portal.corp.example.evil.tld")));
}

TEST_CASE("policy: mistakes in the file are told with file, line and suggestion") {
    CHECK(complaint("version: 1\nportal: []") ==
          "policy.yaml:2: unknown key 'portal', did you mean 'portals'?");
    CHECK(complaint("portals: []") == "nothing");  // version 1 is meant
    CHECK(complaint("version: 2") == "policy.yaml:1: expected a whole number from 1 to 1");
    CHECK(complaint("").starts_with("policy.yaml:1: expected a policy"));
    CHECK(complaint("- a").starts_with("policy.yaml:1: expected a policy"));
    CHECK(complaint("version: 1\nportals: {name: p}") == "policy.yaml:2: expected a list");
    CHECK(complaint("version: 1\ndefaults: {unlistd: shadow}") ==
          "policy.yaml:2: unknown key 'unlistd', did you mean 'unlisted'?");
    CHECK(complaint("version: 1\nportals:\n  - {name: p, hosts: [a.example]}\n  - {name: p, hosts: "
                    "[b.example]}") == "policy.yaml:4: the name 'p' is taken by line 3");
    CHECK(complaint("version: 1\nportals: [").starts_with("policy.yaml:2: this is no YAML: "));
    CHECK(complaint("version: 1\nportals: &a []\ninclude: *a")
              .starts_with("policy.yaml:2: anchors are not allowed"));
}

TEST_CASE("policy: included lists join behind the portals") {
    const std::filesystem::path directory =
        std::filesystem::temp_directory_path() / ("umbratap-include-" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory);
    std::ofstream(directory / "list.json")
        << R"({"name":"Vendors","type":"hostname","list":["portal.corp.example","vendor.example"]})";
    std::ofstream(directory / "policy.yaml")
        << "version: 1\n"
           "include: [{file: list.json, verdict: tolerated, reason: vendors}]\n"
           "portals: [{name: p, hosts: [portal.corp.example]}]\n";
    const Policy given = Policy::load((directory / "policy.yaml").string());
    std::filesystem::remove_all(directory);
    CHECK(given.judge(portal()).entry == "p");
    CHECK(given.judge(named("vendor.example")).entry == "Vendors");
    CHECK(given.judge(named("vendor.example")).verdict == Verdict::tolerated);
    CHECK(given.describe().size() == 3);
}

TEST_CASE("policy: what is in force is described, one line an entry") {
    const Policy given =
        one("hosts: [a.example, b.example], ports: [443], expires: 2027-01-31, owner: me");
    REQUIRE(given.describe().size() == 2);
    CHECK(given.describe()[0] ==
          "approved 'p': a.example, b.example, 1 port, TLS required, until 2027-01-31, owner me "
          "(policy.yaml:2)");
    CHECK(given.describe()[1] == "shadow: everything else");
    CHECK(one("hosts: [g.example, f.example, e.example, d.example, c.example, \"*.b.example\"]")
              .describe()[0]
              .find("*.b.example, c.example, d.example, e.example, f.example and 1 more, ") !=
          std::string::npos);
}

TEST_CASE("policy: the policy of a case loads") {
    const char* root = std::getenv("UMBRATAP_SOURCE_ROOT");
    REQUIRE(root != nullptr);
    const Policy given = Policy::load(std::string(root) + "/pcaps/portal-and-shadow/policy.yaml");
    CHECK(given.describe().size() == 2);
}

TEST_CASE("policy: the version changes with the file and with what it includes") {
    CHECK(Policy().version().empty());
    const std::string one = "portals: [{name: a, hosts: [a.example]}]\n";
    CHECK(policy(one).version().size() == 16);
    CHECK(policy(one).version() == policy(one).version());
    CHECK(policy(one).version() != policy(one + "version: 1\n").version());
    const auto directory = std::filesystem::temp_directory_path() / "umbratap-policy-version";
    std::filesystem::create_directory(directory);
    std::ofstream(directory / "policy.yaml") << "include: [{file: l.json, verdict: tolerated}]\n";
    const auto with_list = [&](const char* host) {
        std::ofstream(directory / "l.json")
            << R"({"type": "hostname", "list": [")" << host << "\"]}";
        return Policy::load((directory / "policy.yaml").string()).version();
    };
    CHECK(with_list("a.example") != with_list("b.example"));
    std::filesystem::remove_all(directory);
}
