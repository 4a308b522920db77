// Content that travels from server to server.
#include "inventory/inventory_state.h"

namespace umbratap::inventory {

namespace {

ContentEnd content_end(const Call& call) {
    return {call.parties.flow->client.address,
            server_name_of(call.parties),
            call.method,
            call.tool,
            call.verdict,
            call.time};
}

/// What the two servers are makes the difference.
std::string_view kind_of(Verdict from, Verdict to) {
    if (from == Verdict::shadow) return to == Verdict::shadow ? "between-shadow" : "from-shadow";
    return to == Verdict::shadow ? "into-shadow" : "between-approved";
}

}  // namespace

void Inventory::State::note_returned(const Call& call, const MessageSighting& sighting) {
    provenance.note_returned(content_end(call), sighting.fingerprints);
}

std::vector<ContentTravel> Inventory::State::note_sent(const OpenExchange& open, Call call,
                                                       const MessageSighting& sighting) {
    std::vector<ContentTravel> travels;
    if (sighting.fingerprints.empty()) return travels;
    if (const LegacyEndpoint* endpoint = find_endpoint(open)) call.parties.path = endpoint->path;
    provenance.note_sent(content_end(call), sighting.fingerprints, travels);
    return travels;
}

void Inventory::State::raise_travels(const std::vector<ContentTravel>& travels, const Call& call,
                                     Batch<Record>& out) {
    for (const ContentTravel& travel : travels) {
        Alert alert = alert_about(call, "cross-server-flow");
        const ContentEnd& from = travel.from;
        alert.matched = kind_of(from.verdict, call.verdict);
        alert.severity = rule_set->catalogue.find(alert.category).severity_of(alert.matched);
        alert.where = travel.where;
        alert.excerpt = "from " + from.server;
        const std::string what = from.tool.empty() ? from.method : from.tool;
        if (!what.empty()) alert.excerpt += ", " + what;
        alert.metadata["source_server"] = {from.server};
        if (!from.method.empty()) alert.metadata["source_method"] = {from.method};
        if (!from.tool.empty()) alert.metadata["source_tool"] = {from.tool};
        alert.metadata["source_client"] = {packet::to_string(from.client)};
        alert.metadata["source_verdict"] = {std::string(to_string(from.verdict))};
        alert.metadata["source_age_seconds"] = {std::to_string(
            std::chrono::duration_cast<std::chrono::seconds>(call.time - from.time).count())};
        alert.metadata["common_characters"] = {std::to_string(travel.characters)};
        alerts.raise(std::move(alert), out);
    }
}

}  // namespace umbratap::inventory
