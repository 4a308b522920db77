// What clients send: accepted into a session, or refused.
#include <algorithm>

#include "inventory/inventory_state.h"

namespace umbratap::inventory {

namespace {

/// An error that JSON-RPC itself defines (-32768..-32600): an answer to the call, whatever the
/// status around it says.
bool is_ordinary(std::int64_t code) {
    return code >= -32768 && code <= -32600;
}

}  // namespace

Call Inventory::State::call_of(const OpenExchange& open, const MessageSighting& sighting) const {
    const mcp::Message& message = sighting.message;
    Call call;
    call.parties = parties_of(*open.exchange, open.place);
    call.time = sighting.time;
    call.packet_number = sighting.packet_number;
    call.notification = message.kind == mcp::Kind::notification;
    call.from_server = sighting.direction == http::Direction::to_client;
    call.method = message.method;
    call.id = message.id;
    call.tool = message.tool;
    call.prompt = message.prompt;
    call.resource_uri = message.resource_uri;
    call.protocol_version = message.protocol_version;
    call.request_bytes = message.bytes;
    if (!call.from_server) call.argument_tokens = sighting.tokens;
    call.arguments = message.arguments;
    return call;
}

void Inventory::State::accept(OpenExchange& open, Sent& sent, Batch<Record>& out) {
    LiveSession* session = join(open, sent.call, sent.client, sent.evidence, out);
    if (session == nullptr) return remember_foreign(open, sent.call);
    Call& call = sent.call;
    Session& record = session->session;
    count_name(record.methods, call.method, limits.distinct_names_max);
    if (call.method == "tools/call" && !call.tool.empty())
        count_name(record.tools_called, call.tool, limits.distinct_names_max);
    record.bytes_to_server += call.request_bytes;
    record.argument_tokens += call.argument_tokens;
    if (!sent.client.empty()) {
        record.parties.client = sent.client;
    }
    if (call.method != "initialize" && !session->answered_version) {
        std::string_view version = call.protocol_version;
        if (version.empty() && open.exchange->request)
            version = open.exchange->request->fields.find("mcp-protocol-version");
        if (!version.empty()) record.protocol_version = version;
    }
    seen(*session, open, call.time, call.packet_number, sent.evidence);
    const Judgement judgement = judge(open, call.time, *session);
    call.verdict = judgement.verdict;
    confirm(*session, out);
    if (call.method == "tools/call" && call.verdict != Verdict::shadow &&
        !policy->tool_allowed(judgement.entry, call.tool)) {
        Alert alert = alert_about(complete(call, *session), "tool-not-allowed");
        alert.where = "params.name";
        alert.matched = call.tool;
        alerts.raise(std::move(alert), out);
    }
    open.session = session->serial;
    note_revision(*session, open, sent);
    std::vector<detect::Finding> evasions;
    if (!sent.findings.empty()) {
        if (!call.notification) evasions = take_evasions(sent.findings);
        raise_found(sent.findings, complete(call, *session), out);
    }
    if (!sent.travels.empty()) raise_travels(sent.travels, complete(call, *session), out);
    note_conduct(*session, open, out);
    wait_or_tell(*session, std::move(call), key_of(*open.exchange), from_client, out,
                 std::move(evasions));
}

void Inventory::State::remember_foreign(OpenExchange& open, const Call& call) const {
    if (call.notification || mcp::is_mcp_method(call.method)) return;
    if (open.foreign.size() < limits.calls_waiting_max) open.foreign.insert(hash_of(call.id));
}

void Inventory::State::wait_or_tell(LiveSession& session, Call call, ExchangeKey exchange,
                                    std::size_t sender, Batch<Record>& out,
                                    std::vector<detect::Finding> evasions) {
    if (call.notification) {
        out.emplace_back(complete(std::move(call), session));
        return;
    }
    if (session.calls_waiting >= limits.calls_waiting_max) forget_oldest_call(session, out);
    ++session.calls_waiting;
    const Time sent = call.time;
    std::string id = call.id;
    session.waiting[sender][std::move(id)].push_back(
        {std::move(call), sent, exchange, std::move(evasions)});
}

Call Inventory::State::complete(Call call, const LiveSession& session) const {
    const Session& record = session.session;
    call.transport = record.transport;
    call.session_id = record.session_id;
    if (call.protocol_version.empty() || call.method == "initialize")
        call.protocol_version = record.protocol_version;
    call.parties.client = record.parties.client;
    call.parties.server = record.parties.server;
    if (call.from_server) call.verdict = record.judgement.verdict;
    if (record.transport == Transport::http_sse) call.parties.path = record.parties.path;
    return call;
}

void Inventory::State::refuse(OpenExchange& open, Sent& sent, Batch<Record>& out) {
    if (sent.evidence.confidence < detect::confidence_confirmed) return;
    Call& call = sent.call;
    call.outcome = Outcome::refused;
    call.transport = transport_of(open, call);
    call.session_id = open.place.session_id;
    call.parties.client = sent.client;
    call.verdict = policy->judge(contact_of(*open.exchange, open.place, call.time)).verdict;
    if (opens_session(call.method)) {
        remember_probe(*open.exchange, call, sent.client);
    } else if (LiveSession* session =
                   sessions.find(Sessions::key_of_id(*open.exchange, session_id_of(open)), now,
                                 limits.session_idle_max)) {
        ++session->session.refused;
    }
    raise_evasions(take_evasions(sent.findings), call, out);
    raise_found(sent.findings, call, out);
    raise_travels(sent.travels, call, out);
    out.emplace_back(std::move(call));
}

void Inventory::State::settle_refusal(OpenExchange& open, const mcp::Message& message,
                                      Batch<Record>& out) {
    std::vector<Sent> sent = std::move(open.sent);
    open.sent.clear();
    open.asked.clear();
    for (Sent& one : sent) {
        const bool answered = !message.id.empty() && message.id == one.call.id;
        if (message.kind == mcp::Kind::error && (answered || message.id.empty())) {
            one.call.error_code = message.error_code;
            one.call.error_message = message.error_message;
        }
        if (answered && !opens_session(one.call.method) &&
            (message.kind == mcp::Kind::result || is_ordinary(message.error_code))) {
            open.accepted = true;
            accept(open, one, out);
        } else {
            refuse(open, one, out);
        }
    }
}

void Inventory::State::remember_probe(const Exchange& exchange, const Call& call,
                                      const mcp::Implementation& client) {
    probes.push_back(
        {exchange.flow->client.address, exchange.flow->server, call.method, client, call.time});
    if (probes.size() > limits.calls_waiting_max) probes.pop_front();
}

void Inventory::State::adopt_probes(const Exchange& exchange, const mcp::Implementation& client,
                                    LiveSession& session) {
    std::erase_if(probes, [&](const Probe& probe) {
        const bool same_name =
            probe.name.empty() || client.empty() ||
            (probe.name.name == client.name && probe.name.version == client.version);
        if (probe.client != exchange.flow->client.address ||
            probe.server != exchange.flow->server || !same_name ||
            now - probe.time > limits.refusal_wait_max) {
            return false;
        }
        count_name(session.session.methods, probe.method, limits.distinct_names_max);
        ++session.session.refused;
        return true;
    });
}

}  // namespace umbratap::inventory
