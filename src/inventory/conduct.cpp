// How clients and servers behave, seen over several messages: what a server makes of an ambiguous
// message, whether it asks who is there, whether others can listen, and what is odd about the
// packets that carry MCP.
#include <algorithm>
#include <array>

#include "detect/excerpt.h"
#include "inventory/inventory_state.h"

namespace umbratap::inventory {

namespace {

constexpr std::size_t problems_max = 8;  // of one flow

bool is_loopback(const packet::Address& address) {
    if (address.is_v4()) return address.octets[12] == 127;
    return std::all_of(address.octets.begin(), address.octets.begin() + 15,
                       [](std::uint8_t octet) { return octet == 0; }) &&
           address.octets[15] == 1;
}

/// Header fields in which requests bring who they are.
bool brings_credentials(const http::Head& request) {
    constexpr std::array<std::string_view, 7> names = {
        "authorization", "proxy-authorization", "cookie",        "x-api-key",
        "api-key",       "x-auth-token",        "x-goog-api-key"};
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view name) { return request.fields.has(name); }) ||
           request.target.find("key=") != std::string::npos ||
           request.target.find("token=") != std::string::npos;
}

/// The value that says who the client is; empty where there is none.
std::string_view credential_of(const http::Head& request) {
    constexpr std::array<std::string_view, 4> names = {"authorization", "x-api-key", "api-key",
                                                       "x-auth-token"};
    for (const std::string_view name : names) {
        std::string_view value = request.fields.find(name);
        if (value.empty()) continue;
        const std::size_t scheme = value.find(' ');
        return name == "authorization" && scheme != value.npos ? value.substr(scheme + 1) : value;
    }
    return {};
}

/// RFC 1918, RFC 4193, link-local and loopback: what a page in a browser next door reaches, and its
/// author does not.
bool is_private(const packet::Address& address) {
    const auto& octets = address.octets;
    if (is_loopback(address)) return true;
    if (!address.is_v4())
        return (octets[0] & 0xfe) == 0xfc || (octets[0] == 0xfe && octets[1] == 0x80);
    return octets[12] == 10 || (octets[12] == 172 && (octets[13] & 0xf0) == 16) ||
           (octets[12] == 192 && octets[13] == 168) || (octets[12] == 169 && octets[13] == 254);
}

/// The host of an origin (RFC 6454, 6.2): "https://a.example:8443" → "a.example".
std::string_view host_of_origin(std::string_view origin) {
    const std::size_t scheme = origin.find("://");
    if (scheme == origin.npos) return {};
    origin.remove_prefix(scheme + 3);
    const std::size_t end = origin.starts_with('[') ? origin.find(']') : origin.find(':');
    return origin.substr(0, end);
}

/// Before it there was none, and the transport is deprecated.
constexpr std::string_view first_with_authorisation = "2025-03-26";
/// The last revision whose messages may come in arrays.
constexpr std::string_view last_with_batches = "2025-03-26";

/// What nobody should get who does not say who he is.
bool gives_something(const Call& call) {
    return call.method == "tools/call" || call.method == "tools/list" ||
           call.method == "resources/read" || call.method == "resources/list" ||
           call.method == "prompts/get" || call.method == "prompts/list";
}

}  // namespace

std::vector<detect::Finding> take_evasions(std::vector<detect::Finding>& findings) {
    std::vector<detect::Finding> evasions;
    std::erase_if(findings, [&](detect::Finding& finding) {
        if (finding.category != "evasion") return false;
        evasions.push_back(std::move(finding));
        return true;
    });
    return evasions;
}

void Inventory::State::raise_evasions(const std::vector<detect::Finding>& evasions,
                                      const Call& call, Batch<Record>& out) {
    for (const detect::Finding& evasion : evasions) {
        Alert alert = alert_about(call, "evasion");
        set_rule(alert, evasion.rule, evasion.signature_id, evasion.title, evasion.severity);
        alert.where = evasion.where;
        alert.excerpt = evasion.excerpt;
        std::string reaction = "executed";
        if (call.outcome == Outcome::unanswered) {
            reaction = "unanswered";
            alert.severity = std::max(alert.severity, 2);
        } else if (call.outcome == Outcome::refused || call.outcome == Outcome::error) {
            reaction = "refused";
            alert.severity = std::max(alert.severity, 3);
        }
        alert.metadata["server_reaction"] = {reaction};
        alerts.raise(std::move(alert), out);
    }
}

FlowConduct& Inventory::State::conduct_of(std::uint64_t flow) {
    const auto [found, made] = flow_conduct.try_emplace(flow);
    if (made) {
        flow_conduct_order.push_back(flow);
        if (flow_conduct_order.size() > limits.exchanges_max) {
            flow_conduct.erase(flow_conduct_order.front());
            flow_conduct_order.pop_front();
        }
    }
    return found->second;
}

void Inventory::State::note_conduct(LiveSession& session, const OpenExchange& open,
                                    Batch<Record>& out) {
    const Exchange& exchange = *open.exchange;
    if (exchange.request && brings_credentials(*exchange.request)) session.credentials_seen = true;
    FlowConduct& conduct = conduct_of(exchange.flow->id);
    conduct.session = session.serial;
    if (!session.confirmed) return;
    note_credential(session, open, out);
    note_origin(session, open, out);
    for (const AnomalySighting& problem : std::exchange(conduct.problems, {}))
        raise_flow_evasion(session, problem, out);
}

void Inventory::State::note_revision(const LiveSession& session, const OpenExchange& open,
                                     Sent& sent) const {
    if (!session.answered_version || sent.call.notification) return;
    const std::string& agreed = session.session.protocol_version;
    const auto add = [&](std::string_view name, std::string where, std::string excerpt) {
        if (const detect::Finding* kind = rule_set->evasions.find_problem(name)) {
            detect::Finding& finding = sent.findings.emplace_back(*kind);
            finding.where = std::move(where);
            finding.excerpt = std::move(excerpt);
        }
    };
    if (sent.batch && agreed > last_with_batches)
        add("mcp.batch_outside_revision", "request.body", agreed);
    const std::string_view header =
        open.exchange->request ? open.exchange->request->fields.find("mcp-protocol-version")
                               : std::string_view();
    if (!header.empty() && header != agreed && sent.call.method != "initialize")
        add("mcp.version_not_negotiated", "request.header.mcp-protocol-version",
            std::string(header.substr(0, 32)) + " ≠ " + agreed);
}

void Inventory::State::note_credential(const LiveSession& session, const OpenExchange& open,
                                       Batch<Record>& out) {
    const Exchange& exchange = *open.exchange;
    if (!exchange.request) return;
    const Flow& flow = *exchange.flow;
    const std::string& host = session.session.parties.host;
    const std::string server = host.empty() ? packet::to_string(flow.server.address) : host;
    const auto first =
        credential_watch.note(credential_of(*exchange.request),
                              {server, flow.server.address, flow.client.address, false});
    if (!first) return;
    Alert alert = alert_about(session, "token-passthrough");
    alert.matched = first->server_address == flow.client.address ? "passed-on" : "same-token";
    alert.severity = rule_set->catalogue.find(alert.category).severity_of(alert.matched);
    alert.where = "request.header";
    alert.excerpt = "first at " + first->server;
    alert.metadata["other_server"] = {first->server};
    alerts.raise(std::move(alert), out);
}

void Inventory::State::note_origin(LiveSession& session, const OpenExchange& open,
                                   Batch<Record>& out) {
    const Exchange& exchange = *open.exchange;
    if (session.origin_told || !exchange.request || open.refused() ||
        !is_private(exchange.flow->server.address))
        return;
    const std::string_view origin = exchange.request->fields.find("origin");
    const std::string_view page = host_of_origin(origin);
    if (page.empty() || page == session.session.parties.host || page == "localhost" ||
        page == "127.0.0.1" || page == "[::1]")
        return;
    session.origin_told = true;
    Alert alert = alert_about(session, "dns-rebinding");
    alert.matched = "foreign-origin";
    alert.where = "request.header.origin";
    alert.excerpt = std::string(origin.substr(0, detect::excerpt_bytes_max));
    alerts.raise(std::move(alert), out);
}

void Inventory::State::note_answer(LiveSession& session, const OpenExchange& open, const Call& call,
                                   Batch<Record>& out) {
    const bool done = call.outcome == Outcome::ok || call.outcome == Outcome::tool_error;
    if (!done || session.anonymous_told || session.credentials_seen || !gives_something(call))
        return;
    // A client's certificate may say who it is; in TLS 1.3 nobody sees one. A head that was not
    // seen may have held credentials.
    const Exchange& exchange = *open.exchange;
    if (!exchange.request || exchange.request->partial ||
        is_loopback(exchange.flow->server.address))
        return;
    session.anonymous_told = true;
    Alert alert = alert_about(complete(call, session), "unauthenticated-server");
    alert.verdict = session.session.judgement.verdict;
    alert.matched = call.method;
    alert.where = "request.header.authorization";
    alerts.raise(std::move(alert), out);
}

void Inventory::State::raise_outdated(const LiveSession& session, const MessageSighting& agreed,
                                      Batch<Record>& out) {
    if (session.session.protocol_version >= first_with_authorisation) return;
    Alert alert = alert_about(session, "outdated-revision");
    alert.time = agreed.time;
    alert.packet_number = agreed.packet_number;
    alert.matched = session.session.protocol_version;
    alert.where = "result.protocolVersion";
    alerts.raise(std::move(alert), out);
}

void Inventory::State::raise_cleartext(const LiveSession& session, Batch<Record>& out) {
    const Session& record = session.session;
    const Parties& parties = record.parties;
    const bool mirrored = parties.flow->origin != nullptr && parties.flow->origin->decrypted;
    if (parties.tls != "none" || mirrored || is_loopback(parties.flow->server.address) ||
        !policy->tls_required(record.judgement.entry))
        return;
    Alert alert = alert_about(session, "cleartext-mcp");
    alert.matched = std::string(to_string(record.transport));
    alert.where = "session";
    alerts.raise(std::move(alert), out);
}

void Inventory::State::raise_weaknesses(LiveSession& session, Batch<Record>& out) {
    const Parties& parties = session.session.parties;
    std::string names = parties.server.name + '\0' + parties.server.version + '\0' +
                        parties.client.name + '\0' + parties.client.version;
    if (names == session.software_told) return;
    session.software_told = std::move(names);
    std::vector<detect::Weakness> weaknesses;
    rule_set->software.find(parties.server, detect::Software::Side::server, weaknesses);
    rule_set->software.find(parties.client, detect::Software::Side::client, weaknesses);
    for (const detect::Weakness& weakness : weaknesses) {
        Alert alert = alert_about(session, "vulnerable-software");
        alert.signature = weakness.software + ": " + weakness.summary;
        alert.severity = weakness.severity;
        alert.matched = weakness.id;
        alert.where =
            weakness.matched.starts_with(parties.server.name) && !parties.server.name.empty()
                ? "result.serverInfo"
                : "params.clientInfo";
        alert.excerpt = weakness.matched;
        alert.metadata["cve"] = {weakness.id};
        if (!weakness.fixed.empty()) alert.metadata["fixed_in"] = {weakness.fixed};
        alert.metadata["reference"] = {weakness.reference};
        alerts.raise(std::move(alert), out);
    }
}

void Inventory::State::raise_flow_evasion(const LiveSession& session,
                                          const AnomalySighting& sighting, Batch<Record>& out) {
    const detect::Finding* kind = rule_set->evasions.find_problem(sighting.problem.name());
    if (kind == nullptr) return;
    Alert alert = alert_about(session, "evasion");
    alert.parties.flow = sighting.flow;
    alert.time = sighting.time;
    alert.packet_number = sighting.packet_number;
    set_rule(alert, kind->rule, kind->signature_id, kind->title, kind->severity);
    alert.where = "flow";
    alert.excerpt = sighting.problem.name();
    alerts.raise(std::move(alert), out);
}

void Inventory::State::note_problem(const AnomalySighting& sighting, Batch<Record>& out) {
    if (rule_set->evasions.find_problem(sighting.problem.name()) == nullptr) return;
    FlowConduct& conduct = conduct_of(sighting.flow->id);
    const LiveSession* session = sessions.find(conduct.session);
    if (session != nullptr && session->confirmed)
        return raise_flow_evasion(*session, sighting, out);
    if (conduct.problems.size() < problems_max) conduct.problems.push_back(sighting);
}

}  // namespace umbratap::inventory
