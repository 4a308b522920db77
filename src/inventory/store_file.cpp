// The SQLite file behind a Store.
#include "inventory/store_file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace umbratap::inventory {

namespace {

constexpr int schema_version = 3;
// "umbr": whose file this is (sqlite.org/fileformat.html, 1.3.15).
constexpr int application_id = 0x756d6272;

constexpr const char* schema = R"(
CREATE TABLE servers(id INTEGER PRIMARY KEY, host TEXT NOT NULL, scope TEXT NOT NULL,
  address TEXT NOT NULL, port INTEGER NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL,
  version TEXT NOT NULL, transport TEXT NOT NULL, protocol_version TEXT NOT NULL,
  verdict TEXT NOT NULL, sessions INTEGER NOT NULL, calls INTEGER NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, tls TEXT NOT NULL DEFAULT '',
  UNIQUE(host, scope, port, path));
CREATE TABLE clients(id INTEGER PRIMARY KEY, address TEXT NOT NULL, name TEXT NOT NULL,
  version TEXT NOT NULL, user_agent TEXT NOT NULL);
CREATE TABLE tools(server INTEGER NOT NULL, name TEXT NOT NULL, fingerprint TEXT NOT NULL,
  changes INTEGER NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  definition TEXT NOT NULL DEFAULT '', server_version TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(server, name)) WITHOUT ROWID;
CREATE TABLE sightings(server INTEGER NOT NULL, client INTEGER NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
  PRIMARY KEY(server, client)) WITHOUT ROWID;
CREATE TABLE sessions(id INTEGER PRIMARY KEY, server INTEGER NOT NULL, calls INTEGER NOT NULL,
  last_seen INTEGER NOT NULL);
PRAGMA application_id = 1970102898;
PRAGMA user_version = 3;
)";
static_assert(application_id == 1970102898 && schema_version == 3, "as the schema says");

/// Makes of a file of the version before (the index, counted from 1) one of the next.
constexpr const char* upgrades[] = {R"(
ALTER TABLE servers ADD COLUMN tls TEXT NOT NULL DEFAULT '';
PRAGMA user_version = 2;
)",
                                    // Fingerprints were those of definitions as they were sent.
                                    R"(
ALTER TABLE tools ADD COLUMN definition TEXT NOT NULL DEFAULT '';
ALTER TABLE tools ADD COLUMN server_version TEXT NOT NULL DEFAULT '';
UPDATE tools SET fingerprint = '';
PRAGMA user_version = 3;
)"};

std::int64_t to_number(Time time) noexcept {
    return time.time_since_epoch().count();
}
std::int64_t to_number(std::uint64_t count) noexcept {
    return static_cast<std::int64_t>(count);
}
Time to_time(std::int64_t number) noexcept {
    return Time(Duration(number));
}

std::string reason_of(sqlite3* database) {
    if (database == nullptr) return "out of memory";
    switch (sqlite3_errcode(database) & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "in use by another program";
        case SQLITE_NOTADB:
            return "not an inventory (no SQLite database)";
        default:
            return sqlite3_errmsg(database);
    }
}

/// A prepared statement. Parameters are bound in their order; columns are taken in theirs.
class Statement {
public:
    Statement(sqlite3* database, const char* sql) {
        if (sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr) != SQLITE_OK) {
            throw StoreError(reason_of(database));
        }
    }
    ~Statement() { sqlite3_finalize(statement_); }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    /// Runs it with these parameters, which must outlive the call only.
    template <class... Parameters>
    bool run(const Parameters&... parameters) noexcept {
        int at = 0;
        (bind(++at, parameters), ...);
        const int result = sqlite3_step(statement_);
        sqlite3_reset(statement_);
        return result == SQLITE_DONE;
    }

    bool next() noexcept {
        column_ = -1;
        result_ = sqlite3_step(statement_);
        return result_ == SQLITE_ROW;
    }
    bool complete() const noexcept { return result_ == SQLITE_DONE; }
    std::int64_t number() noexcept { return sqlite3_column_int64(statement_, ++column_); }
    std::uint64_t count() noexcept { return static_cast<std::uint64_t>(number()); }
    Time time() noexcept { return to_time(number()); }
    std::string text() {
        const unsigned char* text = sqlite3_column_text(statement_, ++column_);
        const int size = sqlite3_column_bytes(statement_, column_);
        return text == nullptr ? std::string()
                               : std::string(reinterpret_cast<const char*>(text),
                                             static_cast<std::size_t>(size));
    }

private:
    void bind(int at, std::int64_t value) noexcept { sqlite3_bind_int64(statement_, at, value); }
    void bind(int at, const std::string& value) noexcept {
        sqlite3_bind_text64(statement_, at, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
    }

    sqlite3_stmt* statement_ = nullptr;
    int column_ = -1, result_ = SQLITE_OK;
};

std::string as_uri(const std::string& path) {
    std::string uri = "file:";
    for (const char c : path) {
        switch (c) {
            case '%':
                uri += "%25";
                break;
            case '?':
                uri += "%3f";
                break;
            case '#':
                uri += "%23";
                break;
            default:
                uri += c;
        }
    }
    return uri + "?immutable=1";
}

}  // namespace

StoreFile::StoreFile(const std::string& path, Store::Mode mode) {
    try {
        open(path, mode);
    } catch (...) {
        close();
        throw;
    }
}

// The lock last: closing any descriptor of the file drops SQLite's own locks on it.
void StoreFile::close() noexcept {
    sqlite3_close(database_);
    if (lock_ >= 0) ::close(lock_);
}

void StoreFile::execute(const char* sql) {
    check(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
}

std::int64_t StoreFile::number(const char* sql) {
    Statement statement(database_, sql);
    check(statement.next());
    return statement.number();
}

void StoreFile::check(bool sound) const {
    if (!sound) throw StoreError(reason_of(database_));
}

void StoreFile::open_to_read(const std::string& path) {
    if (access(path.c_str(), R_OK) != 0) throw StoreError(std::strerror(errno));
    check(sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
    const char* probe = "SELECT 1 FROM sqlite_schema";
    const int result = sqlite3_exec(database_, probe, nullptr, nullptr, nullptr);
    if (result != SQLITE_CANTOPEN && result != SQLITE_READONLY) return;
    // Where the directory may not be written, WAL has no place for its index; if nobody writes, it
    // needs none.
    sqlite3_close(database_);
    database_ = nullptr;
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    check(sqlite3_open_v2(as_uri(path).c_str(), &database_, flags, nullptr) == SQLITE_OK);
}

void StoreFile::open_to_write(const std::string& path) {
    lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (lock_ < 0) throw StoreError(std::strerror(errno));
    struct stat status {};
    if (fstat(lock_, &status) != 0 || !S_ISREG(status.st_mode)) throw StoreError("no regular file");
    if (flock(lock_, LOCK_EX | LOCK_NB) != 0) throw StoreError("in use by another umbratap");
    check(sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
}

void StoreFile::open(const std::string& path, Store::Mode mode) {
    const bool writes = mode == Store::Mode::read_write;
    writes ? open_to_write(path) : open_to_read(path);
    sqlite3_busy_timeout(database_, 100);
    execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
    const std::int64_t tables = number("SELECT count(*) FROM sqlite_schema");
    version_ = number("PRAGMA user_version");
    if (tables > 0 && number("PRAGMA application_id") != application_id) {
        throw StoreError("a database of another program, no inventory");
    }
    if (version_ > schema_version) {
        throw StoreError("written by a newer umbratap (tables of version " +
                         std::to_string(version_) + ", this one knows " +
                         std::to_string(schema_version) + ")");
    }
    if (!writes && tables == 0) throw StoreError("empty, nothing was noted in it yet");
    if (!writes) return;
    execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    std::string steps = tables == 0 ? schema : "";
    for (std::int64_t v = version_; tables > 0 && v < schema_version; ++v) steps += upgrades[v - 1];
    if (!steps.empty()) execute(("BEGIN IMMEDIATE;" + steps + "COMMIT").c_str());
    version_ = schema_version;
}

void StoreFile::read(Ledger& ledger) {
    std::unordered_map<std::int64_t, std::size_t> servers, clients;
    const std::string tls = version_ < 2 ? ", ''" : "";
    Statement server_rows(database_, ("SELECT *" + tls + " FROM servers ORDER BY id").c_str());
    while (server_rows.next()) {
        KnownServer server;
        server.id = server_rows.number();
        server.host = server_rows.text();
        server.scope = server_rows.text();
        server.address = server_rows.text();
        server.port = static_cast<std::uint16_t>(server_rows.number());
        for (std::string* text : {&server.path, &server.name, &server.version, &server.transport,
                                  &server.protocol_version, &server.verdict}) {
            *text = server_rows.text();
        }
        server.sessions = server_rows.count();
        server.calls = server_rows.count();
        server.first_seen = server_rows.time();
        server.last_seen = server_rows.time();
        server.tls = server_rows.text();
        server.told = server.last_seen;
        servers[server.id] = ledger.known_servers.size();
        ledger.restore(std::move(server));
    }
    check(server_rows.complete());
    Statement client_rows(database_, "SELECT * FROM clients ORDER BY id");
    while (client_rows.next()) {
        KnownClient client;
        client.id = client_rows.number();
        for (std::string* text :
             {&client.address, &client.name, &client.version, &client.user_agent}) {
            *text = client_rows.text();
        }
        clients[client.id] = ledger.known_clients.size();
        ledger.restore(std::move(client));
    }
    check(client_rows.complete());
    const std::string no_definitions = version_ < 3 ? ", '', ''" : "";
    Statement tool_rows(database_, ("SELECT *" + no_definitions + " FROM tools").c_str());
    while (tool_rows.next()) {
        const auto server = servers.find(tool_rows.number());
        if (server == servers.end()) continue;
        KnownTool& tool = ledger.known_servers[server->second].tools[tool_rows.text()];
        tool.fingerprint = tool_rows.text();
        tool.changes = tool_rows.count();
        tool.first_seen = tool_rows.time();
        tool.last_seen = tool_rows.time();
        tool.definition = tool_rows.text();
        tool.server_version = tool_rows.text();
        tool.unwritten = false;
    }
    check(tool_rows.complete());
    ledger.count_definitions();
    Statement sight_rows(database_, "SELECT * FROM sightings");
    while (sight_rows.next()) {
        const auto server = servers.find(sight_rows.number());
        const auto client = clients.find(sight_rows.number());
        if (server == servers.end() || client == clients.end()) continue;
        Sight& sight = ledger.known_servers[server->second].clients[client->second];
        sight.first_seen = sight_rows.time();
        sight.last_seen = sight_rows.time();
        KnownClient& known = ledger.known_clients[client->second];
        known.told = std::max(known.told, sight.last_seen);
        sight.unwritten = false;
    }
    check(sight_rows.complete());
    Statement session_rows(database_, "SELECT * FROM sessions ORDER BY last_seen, id");
    while (session_rows.next()) {
        const std::int64_t id = session_rows.number();
        CountedSession session{session_rows.number(), session_rows.count(), {}, false};
        session.last_seen = session_rows.time();
        ledger.restore(id, session);
    }
    check(session_rows.complete());
}

void StoreFile::write(const Ledger& ledger) {
    execute("BEGIN IMMEDIATE");
    try {
        write_rows(ledger);
        execute("COMMIT");
    } catch (...) {
        // A full disk may have rolled it back already.
        if (sqlite3_get_autocommit(database_) == 0) {
            sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
        }
        throw;
    }
}

void StoreFile::write_rows(const Ledger& ledger) {
    Statement server_row(
        database_, "REPLACE INTO servers VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    Statement client_row(database_, "REPLACE INTO clients VALUES(?, ?, ?, ?, ?)");
    Statement tool_row(database_, "REPLACE INTO tools VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
    Statement sight_row(database_, "REPLACE INTO sightings VALUES(?, ?, ?, ?)");
    Statement session_row(database_, "REPLACE INTO sessions VALUES(?, ?, ?, ?)");
    Statement forget_session(database_, "DELETE FROM sessions WHERE id = ?");
    for (const std::size_t place : ledger.unwritten_clients) {
        const KnownClient& c = ledger.known_clients[place];
        check(client_row.run(c.id, c.address, c.name, c.version, c.user_agent));
    }
    for (const std::size_t place : ledger.unwritten_servers) {
        const KnownServer& s = ledger.known_servers[place];
        check(server_row.run(s.id, s.host, s.scope, s.address, std::int64_t{s.port}, s.path, s.name,
                             s.version, s.transport, s.protocol_version, s.verdict,
                             to_number(s.sessions), to_number(s.calls), to_number(s.first_seen),
                             to_number(s.last_seen), s.tls));
        for (const auto& [name, tool] : s.tools) {
            if (!tool.unwritten) continue;
            check(tool_row.run(s.id, name, tool.fingerprint, to_number(tool.changes),
                               to_number(tool.first_seen), to_number(tool.last_seen),
                               tool.definition, tool.server_version));
        }
        for (const auto& [client, sight] : s.clients) {
            if (!sight.unwritten) continue;
            check(sight_row.run(s.id, ledger.known_clients[client].id, to_number(sight.first_seen),
                                to_number(sight.last_seen)));
        }
    }
    for (const std::int64_t id : ledger.unwritten_sessions) {
        const auto found = ledger.counted_sessions.find(id);
        if (found == ledger.counted_sessions.end()) continue;
        const CountedSession& session = found->second;
        check(session_row.run(id, session.server, to_number(session.calls),
                              to_number(session.last_seen)));
    }
    for (const std::int64_t id : ledger.forgotten_sessions) check(forget_session.run(id));
}

}  // namespace umbratap::inventory
