// Servers, clients and tools that were ever seen, with first and last sight; kept in SQLite, in memory or in a file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/batch.h"
#include "inventory/records.h"

namespace umbratap::inventory {

/// An inventory file that cannot be used. `what()` is one line.
class StoreError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct StoredServer {
    std::string host, address, path, name, version, transport, protocol_version, verdict;
    std::uint16_t port = 0;
    std::uint64_t sessions = 0, calls = 0;
    Time first_seen, last_seen;
    std::vector<std::string> tools, clients;
};

class Store {
public:
    enum class Mode : std::uint8_t { read_write, read_only };
    /// `path` empty: in memory. Throws StoreError.
    explicit Store(const std::string& path, Mode mode = Mode::read_write);
    ~Store();
    Store(Store&&) noexcept;

    /// Notes a session as far as it is known; appends what is new or has changed.
    /// Written within a transaction that `flush` commits; a full disk is counted, said by `problem()`, and not fatal.
    void note(const Session& session, Batch<InventoryChange>& changes) noexcept;
    /// Notes a tool's definition on a server; appends it if it is new or has changed.
    void note_tool(const Session& session, const mcp::Tool& tool, Time time, std::uint64_t packet_number,
                   Batch<InventoryChange>& changes) noexcept;
    void flush() noexcept;
    std::string problem() const;

    std::vector<StoredServer> servers() const;
    /// The whole inventory as JSON (one object) or CSV (one line a server), for `inventory export`.
    std::string export_json() const;
    std::string export_csv() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::inventory
