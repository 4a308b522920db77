// What servers send: requests and notifications of their own, and answers to what waits.
#include <algorithm>

#include "inventory/inventory_state.h"

namespace umbratap::inventory {

namespace {

double milliseconds(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

/// Its result goes before a model.
bool fills_context(std::string_view method) {
    return method == "tools/call" || method == "resources/read" || method == "prompts/get" ||
           method == "tasks/result";
}

/// Of calls with one id, that of the exchange; else the oldest.
template <class Calls>
auto find_asked(Calls& calls, const ExchangeKey& exchange) {
    const auto place = std::find_if(calls.begin(), calls.end(), [&](const WaitingCall& call) {
        return call.exchange == exchange;
    });
    return place == calls.end() ? calls.begin() : place;
}

}  // namespace

void Inventory::State::server_message(OpenExchange& open, const MessageSighting& sighting,
                                      Batch<Record>& out) {
    const mcp::Message& message = sighting.message;
    take(open, out);
    LiveSession* session = session_of(open, evidence_of(open, sighting), sighting.time, out);
    if (session == nullptr) return;
    count_name(session->session.server_methods, message.method, limits.distinct_names_max);
    session->session.bytes_to_client += message.bytes;
    judge(open, sighting.time, *session);
    seen(*session, open, sighting.time, sighting.packet_number, sighting.evidence);
    confirm(*session, out);
    Call call = call_of(open, sighting);
    if (says_something(sighting)) {
        const Call told = complete(call, *session);
        raise_found(sighting.findings, told, out);
        note_returned(told, sighting);
    }
    wait_or_tell(*session, std::move(call), key_of(*open.exchange), from_server, out);
}

void Inventory::State::server_answer(OpenExchange& open, const MessageSighting& sighting,
                                     Batch<Record>& out) {
    const mcp::Message& message = sighting.message;
    if (open.asked.contains(hash_of(message.id))) open.stored = false;
    if (!open.sent.empty() && open.refused()) {
        settle_refusal(open, message, out);
        if (!open.accepted) return;
    }
    take(open, out);
    LiveSession* session = session_of(open, evidence_of(open, sighting), sighting.time, out);
    if (session == nullptr || !is_waited_for(*session, message.id)) {
        // The old transport's stream whose first event was missed: the answer goes to whoever
        // of this client waits for it.
        LiveSession* other = find(Sessions::key_of_peers(*open.exchange));
        if (other != nullptr && other != session && is_waited_for(*other, message.id)) {
            session = other;
            open.session = other->serial;
        }
    }
    if (session == nullptr) return;
    session->session.bytes_to_client += message.bytes;
    Call asked;
    if (says_something(sighting)) asked = answered_call(*session, open, sighting, from_client);
    const bool alive = answer(*session, open, sighting, from_client, out);
    if (!alive) return;
    note_result(*session, sighting, out);
    judge(open, sighting.time, *session);
    seen(*session, open, sighting.time, sighting.packet_number, sighting.evidence);
    confirm(*session, out);
    if (says_something(sighting)) {
        asked.verdict = session->session.judgement.verdict;
        asked = complete(std::move(asked), *session);
        raise_found(sighting.findings, asked, out);
        note_returned(asked, sighting);
    }
}

Call Inventory::State::answered_call(const LiveSession& session, const OpenExchange& open,
                                     const MessageSighting& sighting, std::size_t sender) const {
    Call call = call_of(open, sighting);
    call.verdict = session.session.judgement.verdict;
    const auto found = session.waiting[sender].find(sighting.message.id);
    if (found == session.waiting[sender].end()) return call;
    const auto asked = find_asked(found->second, key_of(*open.exchange));
    call.method = asked->call.method;
    call.tool = asked->call.tool;
    call.prompt = asked->call.prompt;
    call.resource_uri = asked->call.resource_uri;
    return call;
}

bool Inventory::State::is_waited_for(const LiveSession& session, const std::string& id) const {
    return session.waiting[from_client].contains(id);
}

bool Inventory::State::answer(LiveSession& session, OpenExchange& open,
                              const MessageSighting& sighting, std::size_t sender,
                              Batch<Record>& out) {
    const mcp::Message& message = sighting.message;
    auto& waiting = session.waiting[sender];
    const auto found = waiting.find(message.id);
    const bool is_error = message.kind == mcp::Kind::error;
    if (is_error) {
        ++session.session.errors;
    } else if (message.tool_error) {
        ++session.session.tool_errors;
    }
    if (found == waiting.end()) return true;
    auto& calls = found->second;
    const auto place = find_asked(calls, key_of(*open.exchange));
    Call call = std::move(place->call);
    const std::vector<detect::Finding> evasions = std::move(place->evasions);
    const Time sent = place->sent;
    calls.erase(place);
    --session.calls_waiting;
    if (calls.empty()) waiting.erase(found);

    call.answered = true;
    call.time = sighting.time;
    call.packet_number = sighting.packet_number;
    call.duration_ms = std::max(0.0, milliseconds(sighting.time - sent));
    call.response_bytes = message.bytes;
    if (sender == from_client && !is_error && fills_context(call.method)) {
        call.result_tokens = sighting.tokens;
        session.session.result_tokens += sighting.tokens;
    }
    call.result = message.result;
    call.error_code = message.error_code;
    call.error_message = message.error_message;
    call.outcome = is_error                 ? Outcome::error
                   : message.tool_error     ? Outcome::tool_error
                   : message.input_required ? Outcome::input_required
                                            : Outcome::ok;
    if (!evasions.empty()) raise_evasions(evasions, complete(call, session), out);
    if (sender == from_client) note_answer(session, open, call, out);
    if (sender == from_client && opens_session(call.method)) {
        if (is_error) return take_back(session, open, std::move(call), out);
        session.tentative = false;
        if (!message.protocol_version.empty()) {
            session.session.protocol_version = message.protocol_version;
            session.answered_version = true;
            raise_outdated(session, sighting, out);
        }
    }
    if (!message.server.empty()) session.session.parties.server = message.server;
    out.emplace_back(complete(std::move(call), session));
    return true;
}

bool Inventory::State::take_back(LiveSession& session, OpenExchange& open, Call call,
                                 Batch<Record>& out) {
    call.outcome = Outcome::refused;
    Session& record = session.session;
    --record.errors;
    call = complete(std::move(call), session);
    call.protocol_version.clear();
    if (auto count = record.methods.find(call.method);
        count != record.methods.end() && --count->second == 0)
        record.methods.erase(count);
    remember_probe(*open.exchange, call, record.parties.client);
    out.emplace_back(std::move(call));
    if (!record.methods.empty() || !record.server_methods.empty()) return true;
    open.session = 0;
    sessions.forget(session);
    return false;
}

void Inventory::State::note_result(LiveSession& session, const MessageSighting& sighting,
                                   Batch<Record>& out) {
    const mcp::Implementation& server = sighting.message.server;
    if (!server.empty()) session.session.parties.server = server;
    note_tools(session, sighting, out);
}

}  // namespace umbratap::inventory
