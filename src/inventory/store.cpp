// Servers, clients and tools that were ever seen: the Ledger, and the file behind it.
#include "inventory/store.h"

#include <algorithm>
#include <cassert>

#include "base/digest.h"
#include "inventory/ledger.h"
#include "inventory/store_file.h"
#include "mcp/definition.h"

namespace umbratap::inventory {

struct Store::State {
    State(const std::string& file, Mode open_mode, const StoreLimits& limits)
        : path(file), mode(open_mode), ledger(limits) {
        if (path.empty()) return;
        try {
            database = std::make_unique<StoreFile>(path, mode);
            database->read(ledger);
        } catch (const StoreError& error) {
            throw StoreError("inventory " + path + ": " + error.what());
        }
    }

    std::string path;
    Mode mode;
    Ledger ledger;
    std::unique_ptr<StoreFile> database;
    std::uint64_t failed_flushes = 0;  // since the last that did not
    std::string trouble;
};

Store::Store(const std::string& path, Mode mode, const StoreLimits& limits)
    : state_(std::make_unique<State>(path, mode, limits)) {}

Store::~Store() {
    if (state_) flush();
}

Store::Store(Store&&) noexcept = default;

void Store::note(const Session& session, Batch<InventoryChange>& changes) noexcept {
    assert(state_->mode == Mode::read_write);
    Ledger& ledger = state_->ledger;
    const auto [server, made] = ledger.find_or_make(session, session.start);
    if (server == nullptr) return;
    using News = Ledger::News;
    InventoryChange change;
    change.parties = session.parties;
    change.time = std::max(session.start, session.end);
    change.packet_number = session.packet_number;
    change.verdict = session.judgement.verdict;
    const auto tell = [&](const char* kind, News news, const std::string& name) {
        if (news == News::none) return;
        change.kind = kind;
        change.change = news == News::first ? "new" : "changed";
        change.name = name;
        changes.push_back(change);
    };
    const News learned = ledger.learn(session, *server);
    tell("server", made ? News::first : learned, {});
    ledger.count(session, *server);
    tell("client", ledger.note_client(session, *server), {});
    for (const auto& [name, times] : session.tools_called) {
        tell("tool", ledger.note_tool(name, {}, change.time, *server), name);
    }
}

ListedTool listed_tool(const mcp::Tool& tool) {
    ListedTool listed{tool.name, mcp::canonical_definition(tool.definition), {}};
    if (listed.definition.empty()) listed.definition = tool.definition;
    listed.fingerprint = to_hex(sha256(as_bytes(listed.definition)));
    return listed;
}

std::optional<ToolBefore> Store::note_tool(const Session& session, const ListedTool& tool,
                                           Time time, std::uint64_t packet_number,
                                           Batch<InventoryChange>& changes) noexcept {
    assert(state_->mode == Mode::read_write);
    Ledger& ledger = state_->ledger;
    const auto [server, made] = ledger.find_or_make(session, time);
    if (server == nullptr) return std::nullopt;
    InventoryChange change;
    change.parties = session.parties;
    change.time = time;
    change.packet_number = packet_number;
    change.verdict = session.judgement.verdict;
    change.kind = "server";
    change.change = "new";
    if (made) {
        ledger.learn(session, *server);
        changes.push_back(change);
    }
    change.kind = "tool";
    change.name = tool.name;
    change.fingerprint =
        tool.fingerprint.empty() ? to_hex(sha256(as_bytes(tool.definition))) : tool.fingerprint;
    ToolBefore before;
    if (const KnownTool* known = ledger.find_tool(*server, tool.name))
        before = {known->definition, known->server_version};
    const Ledger::News news = ledger.note_tool(tool.name, change.fingerprint, time, *server,
                                               tool.definition, session.parties.server.version);
    if (news == Ledger::News::none) return std::nullopt;
    const bool changed = news == Ledger::News::changed;
    if (changed) change.change = "changed";
    changes.push_back(std::move(change));
    return changed ? std::optional(std::move(before)) : std::nullopt;
}

void Store::merge(const Store& other) {
    assert(state_->mode == Mode::read_write);
    state_->ledger.merge(other.state_->ledger);
    state_->ledger.count_definitions();
}

void Store::flush() noexcept {
    State& state = *state_;
    if (state.ledger.all_is_written()) return;
    try {
        if (state.database) state.database->write(state.ledger);
    } catch (const StoreError& error) {
        state.trouble = error.what();
        ++state.failed_flushes;
        return;
    }
    state.failed_flushes = 0;
    state.ledger.mark_all_written();
}

std::string Store::problem() const {
    const State& state = *state_;
    if (state.failed_flushes > 0) {
        return "inventory " + state.path + ": " + state.trouble + " (" +
               std::to_string(state.failed_flushes) +
               " writes failed so far, all is kept and tried again)";
    }
    if (const std::uint64_t count = state.ledger.not_noted(); count > 0) {
        return "inventory: full, " + std::to_string(count) +
               " sights of new servers, clients or tools were not noted";
    }
    return {};
}

std::vector<StoredServer> Store::servers() const {
    return state_->ledger.servers();
}
std::uint64_t Store::bytes() const noexcept {
    return state_->ledger.bytes();
}
std::map<std::string, std::uint64_t> Store::servers_by_verdict() const {
    std::map<std::string, std::uint64_t> counts;
    for (const KnownServer& server : state_->ledger.known_servers) ++counts[server.verdict];
    return counts;
}

std::string Store::export_json() const {
    return to_json(servers());
}
std::string Store::export_csv() const {
    return to_csv(servers());
}

}  // namespace umbratap::inventory
