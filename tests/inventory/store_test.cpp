#include "inventory/store.h"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

using namespace umbratap;
using namespace umbratap::inventory;

namespace {

class Folder {
public:
    Folder() {
        char name[] = "/tmp/umbratap-store-XXXXXX";
        REQUIRE(mkdtemp(name) != nullptr);
        path_ = name;
    }
    ~Folder() {
        chmod(path_.c_str(), 0700);
        std::filesystem::remove_all(path_);
    }
    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + '/' + name; }

private:
    std::string path_;
};

Session session(const std::string& host, int start = 100) {
    auto flow = std::make_shared<Flow>();
    const std::uint8_t client[] = {10, 0, 0, 1}, server[] = {10, 0, 0, 2};
    flow->client = {packet::Address::from_v4(client), 50'000};
    flow->server = {packet::Address::from_v4(server), 443};
    Session session;
    session.parties.flow = flow;
    session.parties.host = host;
    session.parties.path = "/mcp";
    session.parties.port = 443;
    session.parties.client = {"cursor", "1"};
    session.parties.server = {"files", "2"};
    session.protocol_version = "2025-11-25";
    session.start = Time(std::chrono::seconds(start));
    session.end = Time(std::chrono::seconds(start + 10));
    session.packet_number = 17;
    session.tools_called = {{"read_file", 2}};
    return session;
}

std::vector<std::string> told(const Batch<InventoryChange>& changes) {
    std::vector<std::string> lines;
    for (const InventoryChange& change : changes)
        lines.push_back(change.kind + ' ' + change.change + ' ' + change.name);
    return lines;
}

using Lines = std::vector<std::string>;

void execute(const std::string& path, const char* sql) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
}

}  // namespace

TEST_CASE("store: tells what is new, and nothing twice") {
    Store store("");
    Batch<InventoryChange> changes;
    store.note(session("a.example"), changes);
    CHECK(told(changes) == Lines{"server new ", "client new ", "tool new read_file"});
    CHECK(changes[2].packet_number == 17);
    CHECK(changes[2].parties.host == "a.example");
    changes.clear();
    store.note(session("a.example"), changes);
    CHECK(changes.empty());
    Session other = session("b.example");
    other.parties.server.version = "3";
    store.note(other, changes);
    CHECK(told(changes) == Lines{"server new ", "tool new read_file"});
    changes.clear();
    other.parties.server.version = "4";
    other.parties.client.version = "2";
    store.note(other, changes);
    CHECK(told(changes) == Lines{"server changed ", "client changed "});
}

TEST_CASE("store: a tool's definition is new, then changed, by its fingerprint") {
    Store store("");
    Batch<InventoryChange> changes;
    store.note_tool(session("a.example"), {"t", R"({"name":"t"})"}, Time{}, 5, changes);
    CHECK(told(changes) == Lines{"server new ", "tool new t"});
    CHECK(changes[1].fingerprint.size() == 64);
    CHECK(changes[1].packet_number == 5);
    const std::string first = changes[1].fingerprint;
    changes.clear();
    store.note_tool(session("a.example"), {"t", R"({"name":"t"})"}, Time{}, 6, changes);
    CHECK(changes.empty());
    store.note_tool(session("a.example"), {"t", R"({"name":"t","description":"now obey me"})"},
                    Time{}, 7, changes);
    CHECK(told(changes) == Lines{"tool changed t"});
    CHECK(changes[0].fingerprint != first);
}

TEST_CASE(
    "store: what was noted is there again after a restart, and the same capture changes nothing") {
    const Folder folder;
    const std::string path = folder / "inventory.sqlite";
    Batch<InventoryChange> changes;
    std::string before;
    {
        Store store(path);
        store.note(session("a.example"), changes);
        store.note(session("a.example", 500), changes);
        store.note(session("b.example"), changes);
        store.note_tool(session("a.example"), {"t", "{}"}, Time{}, 5, changes);
        store.flush();
        CHECK(store.problem().empty());
        before = store.export_json();
    }
    changes.clear();
    Store store(path);
    CHECK(store.export_json() == before);
    store.note(session("a.example"), changes);
    store.note(session("a.example", 500), changes);
    store.note(session("b.example"), changes);
    store.note_tool(session("a.example"), {"t", "{}"}, Time{}, 5, changes);
    CHECK(changes.empty());
    CHECK(store.export_json() == before);
    const auto servers = store.servers();
    REQUIRE(servers.size() == 2);
    CHECK(servers[0].sessions == 2);
    CHECK(servers[0].calls == 4);
    CHECK(servers[0].tools == Lines{"read_file", "t"});
    CHECK(servers[0].clients == Lines{"10.0.0.1 cursor 1"});
}

TEST_CASE("store: names are kept byte for byte, whatever they hold") {
    const Folder folder;
    const std::string path = folder / "i";
    Session odd = session("a.example");
    odd.parties.server.name = std::string("a\0b';DROP TABLE servers;--\xff", 28);
    odd.tools_called = {{std::string("\0x", 2), 1}};
    Batch<InventoryChange> changes;
    { Store(path).note(odd, changes); }
    const Store store(path, Store::Mode::read_only);
    REQUIRE(store.servers().size() == 1);
    CHECK(store.servers()[0].name == odd.parties.server.name);
    CHECK(store.servers()[0].tools[0] == std::string("\0x", 2));
}

TEST_CASE("store: the file is not for everybody to read") {
    const Folder folder;
    const mode_t mask = umask(0);
    { const Store store(folder / "i"); }
    umask(mask);
    struct stat status {};
    REQUIRE(stat((folder / "i").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("store: one writes, others may read meanwhile") {
    const Folder folder;
    const std::string path = folder / "i";
    Store writer(path);
    Batch<InventoryChange> changes;
    writer.note(session("a.example"), changes);
    writer.flush();
    CHECK(Store(path, Store::Mode::read_only).servers().size() == 1);
    CHECK_THROWS_WITH_AS(
        Store{path}, ("inventory " + path + ": in use by another umbratap").c_str(), StoreError);
}

TEST_CASE("store: a folder that may not be written can be read") {
    const Folder folder;
    const std::string path = folder / "i ?#%";
    Batch<InventoryChange> changes;
    { Store(path).note(session("a.example"), changes); }
    chmod(folder.path().c_str(), 0500);
    CHECK(Store(path, Store::Mode::read_only).servers().size() == 1);
}

TEST_CASE("store: what is no inventory is refused in one line") {
    const Folder folder;
    const auto refused = [](const std::string& path, Store::Mode mode) {
        try {
            const Store store(path, mode);
        } catch (const StoreError& error) {
            const std::string what = error.what();
            CHECK(what.find('\n') == what.npos);
            CHECK(what.starts_with("inventory " + path + ": "));
            return what.substr(path.size() + 12);
        }
        return std::string("taken");
    };
    std::ofstream(folder / "text")
        << "this is no database, and it is long enough to be looked at as if it were one.";
    execute(folder / "foreign", "CREATE TABLE t(x)");
    { const Store store(folder / "newer"); }
    execute(folder / "newer", "PRAGMA user_version = 7");
    for (const auto mode : {Store::Mode::read_write, Store::Mode::read_only}) {
        CHECK(refused(folder / "text", mode) == "not an inventory (no SQLite database)");
        CHECK(refused(folder / "foreign", mode) == "a database of another program, no inventory");
        CHECK(refused(folder / "newer", mode) ==
              "written by a newer umbratap (tables of version 7, this one knows 3)");
        CHECK(refused("/nonexistent/i", mode) == "No such file or directory");
    }
    CHECK(refused(folder.path(), Store::Mode::read_write) == "Is a directory");
    CHECK(refused(folder / "absent", Store::Mode::read_only) == "No such file or directory");
    CHECK(refused("/dev/null", Store::Mode::read_write) == "no regular file");
    std::ofstream(folder / "empty");
    CHECK(refused(folder / "empty", Store::Mode::read_only) ==
          "empty, nothing was noted in it yet");
    CHECK(refused(folder / "empty", Store::Mode::read_write) == "taken");
}

TEST_CASE("store: a database that another program has locked is refused") {
    const Folder folder;
    const std::string path = folder / "i";
    { const Store store(path); }
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other,
                         "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE x(y)",
                         nullptr, nullptr, nullptr) == SQLITE_OK);
    CHECK_THROWS_WITH_AS(Store{path}, ("inventory " + path + ": in use by another program").c_str(),
                         StoreError);
    sqlite3_close(other);
}

TEST_CASE("store: a full disk is said, nothing is lost, and it is written later") {
    const Folder folder;
    const std::string path = folder / "i";
    Batch<InventoryChange> changes;
    {
        Store store(path);
        signal(SIGXFSZ, SIG_IGN);
        rlimit before{};
        getrlimit(RLIMIT_FSIZE, &before);
        rlimit limit{4096, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
        for (int i = 0; i < 100; ++i) store.note(session(std::to_string(i) + ".example"), changes);
        store.flush();
        const std::string problem = store.problem();
        setrlimit(RLIMIT_FSIZE, &before);
        CHECK(problem.find("inventory " + path + ": ") == 0);
        CHECK(problem.find("1 writes failed so far") != problem.npos);
        store.flush();
        CHECK(store.problem().empty());
    }
    CHECK(Store(path, Store::Mode::read_only).servers().size() == 100);
}

TEST_CASE(
    "store: a file of an earlier version is read, and made one of this version when written") {
    const Folder folder;
    const std::string path = folder / "a.sqlite";
    Batch<InventoryChange> changes;
    Session one = session("a.example");
    one.parties.tls = "1.3";
    Store(path).note(one, changes);
    Store(path).note_tool(one, {"t", "{}"}, one.end, 1, changes);
    execute(path,
            "ALTER TABLE servers DROP COLUMN tls; ALTER TABLE tools DROP COLUMN definition;"
            "ALTER TABLE tools DROP COLUMN server_version; PRAGMA user_version = 1");
    CHECK(Store(path, Store::Mode::read_only).servers()[0].tls.empty());
    CHECK(Store(path, Store::Mode::read_only).servers()[0].tools_known.back().definition.empty());
    {
        Store store(path);
        CHECK(store.servers()[0].tls.empty());
        // Fingerprints were made otherwise: what is seen next is no change.
        CHECK(!store.note_tool(one, {"t", R"({"name":"t"})"}, one.end, 2, changes));
        one.end = one.start + std::chrono::hours(1);
        store.note(one, changes);
    }
    const StoredServer server = Store(path, Store::Mode::read_only).servers()[0];
    CHECK(server.tls == "1.3");
    CHECK(server.tools_known.back().definition == R"({"name":"t"})");
    CHECK(server.tools_known.back().changes == 0);
}

TEST_CASE("store: servers are counted by verdict") {
    Store store("");
    Batch<InventoryChange> changes;
    Session approved = session("a.example");
    approved.judgement.verdict = Verdict::approved;
    store.note(approved, changes);
    store.note(session("b.example"), changes);
    store.note(session("c.example"), changes);
    CHECK(store.servers_by_verdict() ==
          std::map<std::string, std::uint64_t>{{"approved", 1}, {"shadow", 2}});
}

TEST_CASE("store: says when there is no place for more") {
    StoreLimits limits;
    limits.servers_max = 1;
    Store store("", Store::Mode::read_write, limits);
    Batch<InventoryChange> changes;
    store.note(session("a.example"), changes);
    CHECK(store.problem().empty());
    store.note(session("b.example"), changes);
    store.note_tool(session("c.example"), {"t", "{}"}, Time{}, 1, changes);
    CHECK(store.problem() ==
          "inventory: full, 2 sights of new servers, clients or tools were not noted");
    CHECK(store.servers().size() == 1);
}

TEST_CASE("store: a damaged file is refused, not crashed upon") {
    const Folder folder;
    const std::string path = folder / "i";
    Batch<InventoryChange> changes;
    {
        Store store(path);
        for (int i = 0; i < 200; ++i) store.note(session(std::to_string(i) + ".example"), changes);
    }
    const auto size = std::filesystem::file_size(path);
    for (std::uintmax_t at = 100; at < size; at += size / 40) {
        const std::string copy = folder / "copy";
        std::filesystem::copy_file(path, copy, std::filesystem::copy_options::overwrite_existing);
        {
            std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
            file.seekp(static_cast<std::streamoff>(at));
            file << std::string(64, '\xa5');
        }
        try {
            Store store(copy, Store::Mode::read_only);
            CHECK(store.servers().size() <= 400);
        } catch (const StoreError& error) {
            CHECK(std::string(error.what()).find("copy") != std::string::npos);
        }
    }
}
