#include "report/summary.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "report/sample.h"
#include "report/text.h"

using namespace umbratap;
using namespace umbratap::report;

namespace {

inventory::Stats stats() {
    inventory::Stats stats;
    stats.time = test::at(12'300'000);
    stats.packets = 1234;
    stats.bytes = 31'240'000;
    stats.flows.tcp = 10;
    stats.payload = {100, 0, 60, 0};
    stats.blind = {{"no_key", 40}};
    stats.connections = {{"tls_no_key", 4}};
    return stats;
}

inventory::Session session_at(const std::string& host, inventory::Verdict verdict,
                              std::uint64_t calls) {
    inventory::Session session = test::session();
    session.parties.host = host;
    session.judgement.verdict = verdict;
    session.tools_called = {{"read_file", calls}};
    return session;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

}  // namespace

TEST_CASE("summary: servers, findings, and what stayed unseen") {
    Summary summary;
    summary.add(session_at("portal.corp.example", inventory::Verdict::approved, 9));
    summary.add(session_at("evil.example", inventory::Verdict::shadow, 2));
    summary.add(session_at("evil.example", inventory::Verdict::shadow, 1));
    inventory::Alert alert = test::alert();
    alert.parties.host = "evil.example";
    summary.add(alert);
    alert.closing = true;
    alert.count = 2;
    summary.add(alert);
    alert.closing = false;
    alert.count = 1;
    alert.category = "tool-poisoning";
    alert.severity = 1;
    alert.signature = "Hidden text in a tool's description";
    summary.add(alert);
    summary.add(stats());
    CHECK(summary.render({false, 120, true}) ==
          "2 MCP servers, 1 of them shadow · 1 client · 3 sessions · 12 tool calls\n"
          "\n"
          "  SERVER                        VERDICT   PROTOCOL    CLIENTS             SESSIONS   "
          "TOOLS  CALLS\n"
          "  evil.example:8443/mcp         shadow    2025-11-25  10.0.0.1 inspector         2  "
          "1 of 2      3\n"
          "  portal.corp.example:8443/mcp  approved  2025-11-25  10.0.0.1 inspector         1  "
          "1 of 2      9\n"
          "\n"
          "Findings, worst first\n"
          "  high    1× tool-poisoning: Hidden text in a tool's description\n"
          "          evil.example:8443/mcp\n"
          "  medium  1× shadow-server: MCP server that no policy approves\n"
          "          evil.example:8443/mcp\n"
          "\n"
          "What stayed unseen\n"
          "  4 TLS connections without keys; --keylog takes them (40 bytes)\n"
          "  In all, 40 % of the payload (40 bytes of 100 bytes)\n"
          "\n"
          "Read 1,234 packets, 31.2 MB, 12 s of traffic.\n");
}

TEST_CASE("summary: is never silent") {
    const std::string nothing = Summary().render({});
    CHECK(nothing.find("No MCP was found.") != nothing.npos);
    CHECK(nothing.find("The capture holds no packets.") != nothing.npos);
    Summary summary;
    summary.add(stats());
    const std::string text = summary.render({});
    CHECK(text.find("40 % of the payload could not be read") != text.npos);
    CHECK(text.find("4 TLS connections without keys") != text.npos);
}

TEST_CASE("summary: says when no policy was given") {
    Summary summary;
    summary.add(session_at("a", inventory::Verdict::shadow, 1));
    summary.add(stats());
    CHECK(summary.render({false, 100, false})
              .find("No policy was given, so every server counts as shadow") != std::string::npos);
    CHECK(summary.render({false, 100, true}).find("No policy") == std::string::npos);
}

TEST_CASE("summary: has about forty lines and fits the terminal, however much there is") {
    Summary summary;
    for (int i = 0; i < 300; ++i) {
        summary.add(session_at("host-" + std::string(static_cast<std::size_t>(i % 90), 'h') +
                                   std::to_string(i) + ".example",
                               inventory::Verdict::shadow, static_cast<std::uint64_t>(i)));
        inventory::Alert alert = test::alert();
        alert.signature = "finding " + std::to_string(i % 50) + std::string(100, 's');
        summary.add(alert);
    }
    inventory::Stats much = stats();
    for (const char* reason :
         {"unsupported", "midstream", "quic", "ech", "gap", "one_direction", "truncated", "budget"})
        much.blind[reason] = 1;
    much.cut_short = true;
    summary.add(much);
    for (const int columns : {60, 80, 100, 200}) {
        const std::string text = summary.render({false, columns, false});
        const auto lines = lines_of(text);
        CHECK(lines.size() <= 42);
        for (const std::string& line : lines) {
            CAPTURE(line);
            CHECK(columns_of(line) <= std::max(columns, 100));
        }
        CHECK(text.find("more") != text.npos);
    }
}

TEST_CASE("summary: shadow comes first, then who was called most") {
    Summary summary;
    summary.add(session_at("d", inventory::Verdict::approved, 100));
    summary.add(session_at("c", inventory::Verdict::tolerated, 50));
    summary.add(session_at("b", inventory::Verdict::shadow, 1));
    summary.add(session_at("a", inventory::Verdict::shadow, 2));
    const std::string text = summary.render({});
    CHECK(text.find("a:8443") < text.find("b:8443"));
    CHECK(text.find("b:8443") < text.find("c:8443"));
    CHECK(text.find("c:8443") < text.find("d:8443"));
}

TEST_CASE("summary: one shadow session makes the server shadow") {
    Summary summary;
    summary.add(session_at("a", inventory::Verdict::shadow, 1));
    summary.add(session_at("a", inventory::Verdict::approved, 1));
    CHECK(summary.render({}).find("approved") == std::string::npos);
}

TEST_CASE("summary: no text of the wire reaches the terminal raw") {
    Summary summary;
    inventory::Session session = session_at("x\033]0;title\a", inventory::Verdict::shadow, 1);
    session.parties.path = "/\u202Egnp.exe\xff";
    session.parties.client.name =
        "\xc2\x9b"
        "31m";
    session.protocol_version = "\n2025";
    summary.add(session);
    inventory::Alert alert = test::alert();
    alert.signature = "sig\033[2J\r";
    alert.parties.host = "h\033[2J";
    summary.add(alert);
    summary.add(stats());
    for (const bool colour : {false, true}) {
        std::string text = summary.render({colour, 200, true});
        if (colour) {
            CHECK(text.find("\033[1;31mshadow\033[0m") != text.npos);
            for (const std::string ours :
                 {"\033[1m", "\033[1;31m", "\033[33m", "\033[32m", "\033[0m"}) {
                for (std::size_t at; (at = text.find(ours)) != text.npos;)
                    text.erase(at, ours.size());
            }
        }
        for (std::string_view rest = text; !rest.empty();) {
            const Character character = first_character(rest);
            REQUIRE(character.valid);
            REQUIRE((character.code == '\n' || !is_deceptive(character.code)));
            rest.remove_prefix(character.length);
        }
    }
}

TEST_CASE(
    "summary: several clients at one address are several, and tools that no list has shown are "
    "told") {
    Summary summary;
    for (const char* name : {"agent-0", "agent-1", ""}) {
        inventory::Session session = session_at("a", inventory::Verdict::shadow, 1);
        session.parties.client.name = name;
        session.tools_called = {{"hidden", 1}};
        summary.add(session);
    }
    const std::string text = summary.render({});
    CHECK(text.find("2: agent-0, agent-1") != text.npos);
    CHECK(text.find("2 clients") != text.npos);
    CHECK(text.find("1 (2 listed)") != text.npos);
}

TEST_CASE("summary: many clients are counted, and named by their software") {
    Summary summary;
    for (std::uint8_t i = 1; i < 5; ++i) {
        inventory::Session session = session_at("a", inventory::Verdict::shadow, 1);
        auto flow = test::flow();
        flow->client.address = test::address(10, 0, 0, i);
        session.parties.flow = flow;
        session.parties.client.name = i < 3 ? "cursor" : "claude";
        summary.add(session);
    }
    CHECK(summary.render({}).find("4: claude, cursor") != std::string::npos);
}

TEST_CASE("summary: a transport that the revision does not say is told beside it") {
    Summary summary;
    inventory::Session session = session_at("a", inventory::Verdict::shadow, 1);
    session.transport = inventory::Transport::websocket;
    summary.add(session);
    session = session_at("b", inventory::Verdict::shadow, 1);
    session.protocol_version.clear();
    summary.add(session);
    const std::string text = summary.render({});
    CHECK(text.find("2025-11-25 websocket") != text.npos);
    CHECK(text.find("streamable-http") != text.npos);
}

TEST_CASE("summary: places of a finding are named, and counted where there are many") {
    Summary summary;
    for (int i = 0; i < 5; ++i) {
        inventory::Alert alert = test::alert();
        alert.parties.host = "h" + std::to_string(i);
        summary.add(alert);
    }
    CHECK(summary.render({}).find("h0:8443/mcp, h1:8443/mcp, h2:8443/mcp and 2 more") !=
          std::string::npos);
}
