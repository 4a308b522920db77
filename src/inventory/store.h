// Servers, clients and tools that were ever seen, with first and last sight; kept in SQLite, in
// memory or in a file.
//
// What is known lies in memory, so that a note costs about a microsecond; `flush` writes what
// changed, in one transaction. One program writes a file at a time; any number may read it
// meanwhile. Seeing the same capture again does not count its sessions again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/batch.h"
#include "inventory/records.h"

namespace umbratap::inventory {

/// An inventory file that cannot be used. `what()` is one line.
class StoreError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// One tool in a list.
struct ListedTool {
    std::string name;
    std::string definition;   ///< canonical, see mcp/definition.h
    std::string fingerprint;  ///< SHA-256 of it, in hex; empty: the Store computes it
};
ListedTool listed_tool(const mcp::Tool& tool);

/// What a tool was before its definition changed.
struct ToolBefore {
    std::string definition;      ///< empty where it was too long to be kept
    std::string server_version;  ///< of the software that showed it
};

struct StoredTool {
    std::string name;
    std::string fingerprint;    ///< see ListedTool; empty where it was called but never listed
    std::uint64_t changes = 0;  ///< of the definition
    Time first_seen, last_seen;
    std::string definition;  ///< canonical; empty where it was too long to be kept
};

struct StoredClient {
    std::string address, name, version, user_agent;
    Time first_seen, last_seen;  ///< at the server in question
};

struct StoredServer {
    std::string host, address, path, name, version, transport, protocol_version, verdict;
    std::string tls;    ///< "none", "1.2", "1.3"; empty where it was not noted
    std::string scope;  ///< its address, where the host does not name one server for everybody
    std::uint16_t port = 0;
    std::uint64_t sessions = 0, calls = 0;
    Time first_seen, last_seen;
    std::vector<std::string> tools, clients;  ///< names; "10.0.0.1 name version"
    std::vector<StoredTool> tools_known;      ///< the same in full
    std::vector<StoredClient> clients_known;
};

/// When one of these is reached, what is new is not noted, and `problem` says so.
struct StoreLimits {
    std::size_t servers_max = 100'000;
    std::size_t clients_max = 200'000;
    std::size_t tools_max = 4'096;            ///< per server
    std::size_t server_clients_max = 10'000;  ///< per server
    std::size_t sessions_remembered =
        100'000;  ///< so that none is counted twice; the oldest are forgotten
    std::size_t definition_bytes_max = 16'384;     ///< of a tool; longer ones are not kept
    std::size_t definitions_bytes_max = 64 << 20;  ///< of all tools; then no more are kept
    std::size_t text_bytes_max = 1'024;
};

class Store {
public:
    enum class Mode : std::uint8_t { read_write, read_only };
    /// `path` empty: in memory. Throws StoreError.
    explicit Store(const std::string& path, Mode mode = Mode::read_write,
                   const StoreLimits& limits = {});
    ~Store();
    Store(Store&&) noexcept;

    /// Notes a session as far as it is known, any number of times; appends what is new or has
    /// changed. Written within a transaction that `flush` commits; a full disk is counted, said by
    /// `problem()`, and not fatal.
    void note(const Session& session, Batch<InventoryChange>& changes) noexcept;
    /// Notes a tool's definition on a server; appends it if it is new or has changed. Returns what
    /// it was if it changed.
    std::optional<ToolBefore> note_tool(const Session& session, const ListedTool& tool, Time time,
                                        std::uint64_t packet_number,
                                        Batch<InventoryChange>& changes) noexcept;
    /// Takes over all that `other` knows. What both know is joined: the earliest first and the
    /// latest last sight; of what contradicts, that which was seen last; sessions that both counted
    /// count once. The same again changes nothing.
    void merge(const Store& other);
    void flush() noexcept;
    /// One line; empty where all is well.
    std::string problem() const;

    /// In order of host, address, port and path; their clients in order of address and name.
    std::vector<StoredServer> servers() const;
    /// How many servers have which verdict, for metrics; cheap.
    std::map<std::string, std::uint64_t> servers_by_verdict() const;
    /// Memory of what is known, about; cheap.
    std::uint64_t bytes() const noexcept;
    /// The whole inventory as JSON (one object) or CSV (one line a server), for `inventory export`.
    std::string export_json() const;
    std::string export_csv() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// One server for everybody, and readable: "tools.example:443/mcp"; with its address where the host
/// does not say whose it is.
std::string server_name_of(const Parties& parties);
std::string server_name_of(const StoredServer& server);

/// What `export_json` and `export_csv` write. In JSON all but ASCII is escaped; in CSV (RFC 4180) a
/// cell that a spreadsheet would take for a formula begins with an apostrophe.
std::string to_json(const std::vector<StoredServer>& servers);
std::string to_csv(const std::vector<StoredServer>& servers);

}  // namespace umbratap::inventory
