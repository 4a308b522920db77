#include "inventory/ledger.h"

#include <doctest/doctest.h>

using namespace umbratap;
using namespace umbratap::inventory;

namespace {

packet::Address address(std::uint8_t last) {
    const std::uint8_t octets[] = {10, 0, 0, last};
    return packet::Address::from_v4(octets);
}

Time second(int count) {
    return Time(std::chrono::seconds(count));
}

Session session(const std::string& host, std::uint8_t client = 1, std::uint8_t server = 2) {
    auto flow = std::make_shared<Flow>();
    flow->client = {address(client), 50'000};
    flow->server = {address(server), 443};
    Session session;
    session.parties.flow = flow;
    session.parties.host = host;
    session.parties.path = "/mcp";
    session.parties.port = 443;
    session.start = second(100);
    session.end = second(200);
    return session;
}

using News = Ledger::News;

}  // namespace

TEST_CASE("ledger: a public name is one server on whatever address, a local one is not") {
    Ledger ledger({});
    CHECK(ledger.find_or_make(session("mcp.example.com", 1, 2), second(1)).made);
    CHECK_FALSE(ledger.find_or_make(session("mcp.example.com", 1, 3), second(1)).made);
    for (const char* host :
         {"localhost", "build-7", "", "10.0.0.2", "printer.local", "2001:db8::1"}) {
        CAPTURE(host);
        CHECK(ledger.find_or_make(session(host, 1, 2), second(1)).made);
        CHECK_FALSE(ledger.find_or_make(session(host, 1, 2), second(1)).made);
        CHECK(ledger.find_or_make(session(host, 1, 3), second(1)).made);
    }
}

TEST_CASE("ledger: other ports and paths are other servers") {
    Ledger ledger({});
    CHECK(ledger.find_or_make(session("a.example"), second(1)).made);
    Session other = session("a.example");
    other.parties.path = "/other";
    CHECK(ledger.find_or_make(other, second(1)).made);
    other.parties.port = 8443;
    CHECK(ledger.find_or_make(other, second(1)).made);
}

TEST_CASE("ledger: the name of the hello stands in where there is no Host") {
    Ledger ledger({});
    Session nameless = session("");
    nameless.parties.server_name = "a.example";
    CHECK(ledger.find_or_make(nameless, second(1)).made);
    CHECK_FALSE(ledger.find_or_make(session("a.example"), second(1)).made);
}

TEST_CASE("ledger: behind a proxy the server has no address") {
    Ledger ledger({});
    Session proxied = session("a.example");
    proxied.parties.proxy = Proxy{{address(9), 3128}, "connect"};
    ledger.find_or_make(proxied, second(1));
    CHECK(ledger.servers()[0].address.empty());
}

TEST_CASE("ledger: a session counts once, and its calls once, however often it is noted") {
    Ledger ledger({});
    Session one = session("a.example");
    const auto note = [&](const Session& noted) {
        ledger.count(noted, *ledger.find_or_make(noted, noted.start).server);
    };
    note(one);
    one.session_id = "learned-later";
    one.parties.client.name = "learned later";
    one.tools_called = {{"a", 3}};
    note(one);
    note(one);
    one.tools_called = {{"a", 3}, {"b", 1}};
    note(one);
    CHECK(ledger.servers()[0].sessions == 1);
    CHECK(ledger.servers()[0].calls == 4);
    one.start = second(101);
    note(one);
    note(session("a.example", 7));
    CHECK(ledger.servers()[0].sessions == 3);
    CHECK(ledger.servers()[0].calls == 8);
}

TEST_CASE("ledger: what is learned first is no change, what contradicts it is") {
    Ledger ledger({});
    Session one = session("a.example");
    KnownServer& server = *ledger.find_or_make(one, second(1)).server;
    CHECK(ledger.learn(one, server) == News::none);
    one.parties.server = {"files", "1.0"};
    CHECK(ledger.learn(one, server) == News::none);
    one.protocol_version = "2025-11-25";
    CHECK(ledger.learn(one, server) == News::none);
    one.protocol_version = "2025-06-18";  // each client negotiates its own
    CHECK(ledger.learn(one, server) == News::none);
    one.parties.server.version = "1.1";
    CHECK(ledger.learn(one, server) == News::changed);
    one.parties.server = {};
    CHECK(ledger.learn(one, server) == News::none);
    CHECK(ledger.servers()[0].version == "1.1");
}

TEST_CASE("ledger: an old session that ends late does not take back what newer ones said") {
    Ledger ledger({});
    Session old = session("a.example"), newer = session("a.example");
    old.parties.server = {"files", "1.0"};
    old.parties.client = {"cursor", "1"};
    newer.start = second(150);
    newer.parties.server = {"files", "1.1"};
    newer.parties.client = {"cursor", "2"};
    KnownServer& server = *ledger.find_or_make(old, old.start).server;
    ledger.learn(old, server);
    ledger.note_client(old, server);
    CHECK(ledger.learn(newer, server) == News::changed);
    CHECK(ledger.note_client(newer, server) == News::changed);
    CHECK(ledger.learn(old, server) == News::none);
    CHECK(ledger.note_client(old, server) == News::none);
    CHECK(ledger.servers()[0].version == "1.1");
    CHECK(ledger.servers()[0].clients_known[0].version == "2");
}

TEST_CASE("ledger: first and last sight only widen") {
    Ledger ledger({});
    Session one = session("a.example");
    KnownServer& server = *ledger.find_or_make(one, one.start).server;
    ledger.learn(one, server);
    one.start = second(50);
    one.end = second(60);
    ledger.learn(one, server);
    CHECK(ledger.servers()[0].first_seen == second(50));
    CHECK(ledger.servers()[0].last_seen == second(200));
}

TEST_CASE("ledger: a client is new once, and changed with its version") {
    Ledger ledger({});
    Session one = session("a.example");
    KnownServer& server = *ledger.find_or_make(one, one.start).server;
    CHECK(ledger.note_client(one, server) == News::first);
    one.parties.client = {"cursor", "1"};
    CHECK(ledger.note_client(one, server) == News::none);  // now it has a name
    one.parties.client = {};
    CHECK(ledger.note_client(one, server) ==
          News::none);  // who does not say who he is, is who was there last
    one.parties.client = {"cursor", "2"};
    CHECK(ledger.note_client(one, server) == News::changed);
    one.parties.client = {"claude", "2"};
    CHECK(ledger.note_client(one, server) == News::first);
    CHECK(ledger.servers()[0].clients ==
          std::vector<std::string>{"10.0.0.1 claude 2", "10.0.0.1 cursor 2"});
}

TEST_CASE("ledger: a tool is new, the same, or changed") {
    Ledger ledger({});
    KnownServer& server = *ledger.find_or_make(session("a.example"), second(1)).server;
    CHECK(ledger.note_tool("t", "", second(1), server) == News::first);
    CHECK(ledger.note_tool("t", "f1", second(2), server) ==
          News::none);  // called before, listed now
    CHECK(ledger.note_tool("t", "f1", second(3), server) == News::none);
    CHECK(ledger.note_tool("t", "", second(4), server) == News::none);
    CHECK(ledger.note_tool("t", "f2", second(5), server) == News::changed);
    const StoredTool tool = ledger.servers()[0].tools_known[0];
    CHECK(tool.fingerprint == "f2");
    CHECK(tool.changes == 1);
    CHECK(tool.first_seen == second(1));
    CHECK(tool.last_seen == second(5));
}

TEST_CASE("ledger: every limit holds, and what has no place is counted") {
    StoreLimits limits;
    limits.servers_max = 2;
    limits.clients_max = 2;
    limits.server_clients_max = 1;
    limits.tools_max = 2;
    limits.sessions_remembered = 3;
    limits.text_bytes_max = 10;
    Ledger ledger(limits);
    for (int i = 0; i < 5; ++i)
        ledger.find_or_make(session(std::to_string(i) + ".example"), second(1));
    CHECK(ledger.known_servers.size() == 2);
    CHECK(ledger.not_noted() == 3);
    KnownServer& server = ledger.known_servers[0];
    for (std::uint8_t i = 1; i < 5; ++i) ledger.note_client(session("0.example", i), server);
    CHECK(ledger.known_clients.size() == 2);
    CHECK(server.clients.size() == 1);
    for (int i = 0; i < 5; ++i) ledger.note_tool(std::to_string(i), "", second(1), server);
    CHECK(server.tools.size() == 2);
    for (int i = 0; i < 9; ++i) {
        Session one = session("0.example");
        one.start = second(i);
        ledger.count(one, server);
    }
    CHECK(ledger.counted_sessions.size() == 3);
    CHECK(ledger.forgotten_sessions.size() == 6);
    CHECK(server.sessions == 9);
    Session wordy = session("0.example");
    wordy.parties.server.name = std::string(100, 'n');
    ledger.learn(wordy, server);
    CHECK(server.name.size() == 10);
    CHECK(ledger.learn(wordy, server) == News::none);
}

TEST_CASE("ledger: knows what is still to be written") {
    Ledger ledger({});
    CHECK(ledger.all_is_written());
    Session one = session("a.example");
    KnownServer& server = *ledger.find_or_make(one, one.start).server;
    ledger.learn(one, server);
    ledger.note_client(one, server);
    CHECK_FALSE(ledger.all_is_written());
    ledger.mark_all_written();
    ledger.learn(one, server);
    ledger.note_client(one, server);
    CHECK(ledger.all_is_written());
    ledger.note_tool("t", "f", second(1), server);
    CHECK(ledger.unwritten_servers == std::vector<std::size_t>{0});
}
