// Tools that servers list: kept, counted, and held against what was known of them.
#include <algorithm>

#include "inventory/inventory_state.h"
#include "mcp/definition.h"
#include "mcp/tokens.h"

namespace umbratap::inventory {

namespace {

std::string in_words(const mcp::Difference& difference) {
    switch (difference.kind) {
        case mcp::Difference::Kind::added:
            return "added " + difference.pointer + ": " + difference.after;
        case mcp::Difference::Kind::removed:
            return "removed " + difference.pointer + ": " + difference.before;
        case mcp::Difference::Kind::changed:
            return "changed " + difference.pointer + ": " + difference.before + " → " +
                   difference.after;
    }
    return {};
}

Verdict verdict_of(std::string_view word) {
    for (const Verdict verdict : {Verdict::approved, Verdict::tolerated}) {
        if (to_string(verdict) == word) return verdict;
    }
    return Verdict::shadow;
}

}  // namespace

void Inventory::State::restore_tools() {
    for (const StoredServer& server : store.servers()) {
        for (const StoredTool& tool : server.tools_known) {
            if (!tool.definition.empty())
                tool_watch.restore(server_name_of(server), verdict_of(server.verdict),
                                   tool.definition);
        }
    }
}

void Inventory::State::note_tools(LiveSession& session, const MessageSighting& sighting,
                                  Batch<Record>& out) {
    const mcp::Message& message = sighting.message;
    Session& record = session.session;
    if (message.tools.empty()) return tell_changes(out);
    ToolList list;
    list.server = server_name_of(record.parties);
    list.server_version = record.parties.server.version;
    list.verdict = record.judgement.verdict;
    list.client = record.parties.flow->client.address;
    list.time = sighting.time;
    for (const mcp::Tool& tool : message.tools) {
        if (!session.tools_known.contains(tool.name)) {
            if (record.tools_listed.size() >= limits.tools_listed_max) {
                record.tools_listed_truncated = true;
            } else {
                session.tools_known.insert(tool.name);
                record.tools_listed.push_back(tool.name);
            }
        }
        record.list_tokens += mcp::tokens_estimate(tool.definition);
        ListedTool& listed = list.tools.emplace_back(listed_tool(tool));
        const std::optional<ToolBefore> before =
            store.note_tool(record, listed, sighting.time, sighting.packet_number, changes);
        if (before) {
            session.last_seen = sighting.time;
            raise_drift(session, listed, *before, out);
        }
    }
    Batch<ToolOddity> oddities;
    tool_watch.push(list, oddities);
    for (const ToolOddity& oddity : oddities) raise_oddity(session, oddity, out);
    tell_changes(out);
}

void Inventory::State::raise_drift(const LiveSession& session, const ListedTool& tool,
                                   const ToolBefore& before, Batch<Record>& out) {
    Alert alert = alert_about(session, "tool-drift");
    const std::string& version = session.session.parties.server.version;
    const bool announced = !before.server_version.empty() && before.server_version != version;
    if (announced) alert.severity = std::max(alert.severity, 3);
    alert.tool = tool.name;
    alert.matched = announced ? "definition-changed-with-version" : "definition-changed";
    alert.where = "result.tools";
    if (!before.definition.empty()) {
        for (const mcp::Difference& difference :
             mcp::differences(before.definition, tool.definition))
            alert.parts.push_back(in_words(difference));
        if (!alert.parts.empty()) alert.excerpt = alert.parts.front();
    }
    alert.metadata["fingerprint"] = {tool.fingerprint};
    if (announced) alert.metadata["server_versions"] = {before.server_version, version};
    alerts.raise(std::move(alert), out);
}

void Inventory::State::raise_oddity(const LiveSession& session, const ToolOddity& oddity,
                                    Batch<Record>& out) {
    Alert alert = alert_about(session, oddity.category);
    alert.tool = oddity.tool;
    alert.matched = oddity.matched;
    alert.where = oddity.where;
    alert.excerpt = oddity.excerpt;
    for (const auto& [name, values] : oddity.metadata) alert.metadata[name] = values;
    if (!oddity.about.empty()) alert.metadata["direct_server"] = {oddity.about};
    alerts.raise(std::move(alert), out);
}

}  // namespace umbratap::inventory
