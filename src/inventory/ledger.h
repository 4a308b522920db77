// What a Store knows, in memory, and what of it the file does not know yet. Knows nothing of files.
//
// A server is named by host, port and path: many servers answer on many addresses. Where the host
// does not name one server for everybody ("localhost", "build-7", or no host at all), its address
// belongs to its name. A client is an address and the name it gives itself.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "inventory/store.h"

namespace umbratap::inventory {

struct KnownTool {
    std::string fingerprint;
    std::uint64_t changes = 0;
    Time first_seen, last_seen;
    bool unwritten = true;
    std::string definition, server_version;  ///< see ToolBefore
};

struct KnownClient {
    std::int64_t id = 0;
    std::string address, name, version, user_agent;
    Time told;  ///< start of the latest session that said so
    bool unwritten = false;
};

struct Sight {
    Time first_seen, last_seen;
    bool unwritten = true;
};

struct KnownServer {
    std::int64_t id = 0;
    std::string host, scope, address, path, name, version, transport, protocol_version, verdict,
        tls;
    std::uint16_t port = 0;
    std::uint64_t sessions = 0, calls = 0;
    Time first_seen, last_seen;
    Time told;  ///< start of the latest session that said its name and version
    std::map<std::string, KnownTool> tools;
    std::map<std::size_t, Sight> clients;  ///< by place in Ledger::clients
    bool unwritten = false;                ///< it, or something in it
};

struct CountedSession {
    std::int64_t server = 0;
    std::uint64_t calls = 0;
    Time last_seen;
    bool unwritten = true;
};

class Ledger {
public:
    explicit Ledger(const StoreLimits& limits) : limits_(limits) {}

    enum class News : std::uint8_t { none, first, changed };

    struct Found {
        KnownServer* server =
            nullptr;  ///< null where there is no place for one more; lives until the next call
        bool made = false;
    };
    Found find_or_make(const Session& session, Time time);
    /// Takes what the session says of its server: `changed` if that contradicts what was known.
    News learn(const Session& session, KnownServer& server);
    /// Counts the session and its calls, once however often it is noted.
    void count(const Session& session, KnownServer& server);
    /// Notes who spoke; `changed` is a new version of a client that is known.
    News note_client(const Session& session, KnownServer& server);
    /// `fingerprint` is empty for a tool that was only called.
    News note_tool(std::string_view name, const std::string& fingerprint, Time time,
                   KnownServer& server, std::string_view definition = {},
                   std::string_view server_version = {});
    /// After tools were restored or merged.
    void count_definitions() noexcept;
    const KnownTool* find_tool(const KnownServer& server, std::string_view name) const;

    /// What was read from a file.
    void restore(KnownServer server);
    void restore(KnownClient client);
    void restore(std::int64_t id, const CountedSession& session);

    /// See Store::merge.
    void merge(const Ledger& other);

    bool all_is_written() const noexcept;
    void mark_all_written();
    std::uint64_t not_noted() const noexcept { return not_noted_; }
    /// Memory of all that is known, about.
    std::uint64_t bytes() const noexcept;
    std::vector<StoredServer> servers() const;

    // For the file: everything, and the places of what is to be written.
    std::vector<KnownServer> known_servers;
    std::vector<KnownClient> known_clients;
    std::unordered_map<std::int64_t, CountedSession> counted_sessions;
    std::vector<std::size_t> unwritten_servers, unwritten_clients;
    std::vector<std::int64_t> unwritten_sessions, forgotten_sessions;

private:
    std::string cut(std::string_view text) const {
        return std::string(text.substr(0, limits_.text_bytes_max));
    }
    void mark(KnownServer& server);
    void mark(KnownClient& client);
    std::size_t find_client(const std::string& address, const std::string& name);
    KnownServer* find(const KnownServer& like);
    KnownServer* add(const KnownServer& from);
    void merge_server(const KnownServer& from, KnownServer& into);
    void merge_sight(std::size_t client, const Sight& from, KnownServer& server);
    std::optional<std::size_t> merge_client(const KnownClient& from);
    void merge_sessions(const Ledger& other,
                        const std::unordered_map<std::int64_t, std::size_t>& places);
    void forget_oldest_sessions();
    void note_sight(std::size_t client, const Session& session, KnownServer& server);

    StoreLimits limits_;
    std::unordered_map<std::string, std::size_t> server_places_, client_places_;
    std::unordered_map<std::string, std::size_t> client_at_;  // by address, the last seen
    std::deque<std::int64_t> session_order_;                  // oldest first
    std::int64_t last_server_ = 0, last_client_ = 0;
    std::uint64_t not_noted_ = 0;
    std::uint64_t definition_bytes_ = 0;  // of all tools
};

}  // namespace umbratap::inventory
