// Merging through Store, which is how it is used.
#include <doctest/doctest.h>

#include "inventory/ledger.h"
#include "inventory/store.h"

using namespace umbratap;
using namespace umbratap::inventory;

namespace {

Time second(int count) {
    return Time(std::chrono::seconds(count));
}

Session session(const std::string& host, std::uint8_t client, int start) {
    const std::uint8_t from[] = {10, 0, 0, client}, to[] = {10, 0, 0, 200};
    auto flow = std::make_shared<Flow>();
    flow->client = {packet::Address::from_v4(from), 50'000};
    flow->server = {packet::Address::from_v4(to), 443};
    Session session;
    session.parties.flow = flow;
    session.parties.host = host;
    session.parties.path = "/mcp";
    session.parties.port = 443;
    session.parties.tls = "1.3";
    session.parties.client = {"agent", "1"};
    session.start = second(start);
    session.end = second(start + 10);
    session.tools_called = {{"read_file", 2}};
    return session;
}

Store store_of(const std::vector<Session>& sessions, const StoreLimits& limits = {}) {
    Store store("", Store::Mode::read_write, limits);
    Batch<InventoryChange> changes;
    for (const Session& one : sessions) store.note(one, changes);
    return store;
}

std::string merged(const std::vector<const Store*>& inputs) {
    Store out("");
    for (const Store* input : inputs) out.merge(*input);
    return out.export_json();
}

}  // namespace

TEST_CASE("merge: two inventories are what one would have become that saw both") {
    const std::vector<Session> first = {session("a.example", 1, 100), session("b.example", 1, 120)};
    const std::vector<Session> second_part = {session("a.example", 2, 90),
                                              session("c.example", 3, 300)};
    std::vector<Session> all = first;
    all.insert(all.end(), second_part.begin(), second_part.end());
    const Store a = store_of(first), b = store_of(second_part);
    const std::string whole = store_of(all).export_json();
    CHECK(merged({&a, &b}) == whole);
    CHECK(merged({&b, &a}) == whole);
    CHECK(merged({&a, &b, &a, &b, &b}) == whole);
}

TEST_CASE("merge: a session that two sensors saw counts once") {
    const Store a = store_of({session("a.example", 1, 100), session("a.example", 1, 500)});
    Session longer = session("a.example", 1, 500);
    longer.tools_called = {{"read_file", 7}};
    longer.end = second(900);
    const Store b = store_of({longer});
    Store out("");
    out.merge(a);
    out.merge(b);
    REQUIRE(out.servers().size() == 1);
    CHECK(out.servers()[0].sessions == 2);
    CHECK(out.servers()[0].calls == 9);
    CHECK(out.servers()[0].last_seen == second(900));
}

TEST_CASE("merge: sessions whose names were forgotten are neither lost nor counted again") {
    StoreLimits limits;
    limits.sessions_remembered = 3;
    std::vector<Session> sessions;
    for (int i = 0; i < 10; ++i) sessions.push_back(session("a.example", 1, 100 * i));
    const Store a = store_of(sessions, limits);
    REQUIRE(a.servers()[0].sessions == 10);
    Store out("");
    for (int i = 0; i < 3; ++i) out.merge(a);
    CHECK(out.servers()[0].sessions == 10);
    CHECK(out.servers()[0].calls == 20);
}

TEST_CASE("merge: no more sessions are remembered than the limit says") {
    StoreLimits limits;
    limits.sessions_remembered = 3;
    const Store a = store_of({session("a.example", 1, 100), session("a.example", 1, 200)});
    const Store b = store_of({session("a.example", 1, 300), session("a.example", 1, 400)});
    Store out("", Store::Mode::read_write, limits);
    out.merge(a);
    out.merge(b);
    CHECK(out.servers()[0].sessions == 4);
    out.merge(b);
    CHECK(out.servers()[0].sessions == 4);
}

TEST_CASE("merge: of what contradicts, that which was seen last stays") {
    Session early = session("a.example", 1, 100), late = session("a.example", 1, 900);
    early.parties.server = {"files", "1"};
    late.parties.server = {"files", "2"};
    late.judgement.verdict = Verdict::approved;
    const Store a = store_of({early}), b = store_of({late});
    Store out("");
    out.merge(b);
    out.merge(a);
    CHECK(out.servers()[0].version == "2");
    CHECK(out.servers()[0].verdict == "approved");
}

TEST_CASE("merge: a tool that two sensors know otherwise has changed once at least") {
    const auto with_tool = [](int start, const std::string& definition) {
        Store store("");
        Batch<InventoryChange> changes;
        const Session one = session("a.example", 1, start);
        store.note(one, changes);
        store.note_tool(one, {"read_file", definition}, one.end, 1, changes);
        return store;
    };
    const Store a = with_tool(100, "{1}"), b = with_tool(200, "{2}");
    CHECK(merged({&a, &b}) == merged({&b, &a}));
    CHECK(merged({&a, &b}) == merged({&a, &b, &a}));
    Store out("");
    out.merge(a);
    out.merge(b);
    const StoredTool tool = out.servers()[0].tools_known[0];
    CHECK(tool.changes == 1);
    CHECK(tool.fingerprint == b.servers()[0].tools_known[0].fingerprint);
    CHECK(tool.first_seen == second(100 + 10));
}

TEST_CASE("merge: what there is no place for is said") {
    StoreLimits limits;
    limits.servers_max = 1;
    const Store a = store_of({session("a.example", 1, 100), session("b.example", 1, 100)});
    Store out("", Store::Mode::read_write, limits);
    out.merge(a);
    CHECK(out.servers().size() == 1);
    CHECK(out.problem().find("full") != std::string::npos);
}
