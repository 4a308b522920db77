// The life of a session: joined, opened, named, confirmed, ended.
#include <algorithm>
#include <cmath>

#include "inventory/inventory_state.h"

namespace umbratap::inventory {

namespace {

/// A list of prompts or a typed text may answer anything. After a request by a method that MCP does
/// not have, only what nobody but MCP sends opens a session.
constexpr std::uint8_t confidence_despite_method = 80;

/// Bodies of responses hold MCP where they answer. Event streams, WebSockets and bare streams hold
/// anything.
bool is_place_of_mcp(const OpenExchange& open, const MessageSighting& sighting) {
    if (sighting.kind != http::TextKind::body) return true;
    if (sighting.direction == http::Direction::to_server) return true;
    const mcp::Kind kind = sighting.message.kind;
    return !open.stored && (kind == mcp::Kind::result || kind == mcp::Kind::error);
}

}  // namespace

detect::Evidence Inventory::State::evidence_of(OpenExchange& open,
                                               const MessageSighting& sighting) {
    if (!is_place_of_mcp(open, sighting)) return {};
    const bool answered = sighting.direction == http::Direction::to_client;
    const bool foreign = answered && open.foreign.erase(hash_of(sighting.message.id)) > 0;
    if (foreign && sighting.evidence.confidence < confidence_despite_method) return {};
    return sighting.evidence;
}

LiveSession* Inventory::State::join(OpenExchange& open, const Call& call,
                                    const mcp::Implementation& client,
                                    const detect::Evidence& evidence, Batch<Record>& out) {
    const Exchange& exchange = *open.exchange;
    const bool opening = opens_session(call.method);
    const std::string id = open.bare ? std::string() : session_id_of(open);
    LiveSession* session = nullptr;
    if (open.bare) {
        session = find(Sessions::key_of_connection(exchange.connection));
    } else if (!id.empty()) {
        session = find(Sessions::key_of_id(exchange, id));
        if (session != nullptr && opening && session->session.methods.contains(call.method))
            session = nullptr;
    } else if (!opening) {
        session = client.empty() ? find(Sessions::key_of_place(exchange, open.place))
                                 : find(Sessions::key_of_client(exchange, open.place, client));
    }
    if (session == nullptr) {
        if (evidence.confidence < detect::confidence_confirmed) return nullptr;
        session = &open_session(open, call.time, out);
        session->tentative = opening;
        session->session.transport = transport_of(open, call);
        adopt_probes(exchange, client, *session);
    }
    name(*session, open, client);
    return session;
}

LiveSession* Inventory::State::find(const std::string& key) {
    return sessions.find(key, now, limits.session_idle_max);
}

LiveSession& Inventory::State::open_session(const OpenExchange& open, Time time,
                                            Batch<Record>& out) {
    if (sessions.size() >= limits.sessions_max) end(*sessions.quietest(), out);
    LiveSession& session = sessions.open(time);
    session.session.parties = parties_of(*open.exchange, open.place);
    return session;
}

void Inventory::State::name(LiveSession& session, const OpenExchange& open,
                            const mcp::Implementation& client) {
    const Exchange& exchange = *open.exchange;
    sessions.name(session, Sessions::key_of_peers(exchange));
    if (open.bare) {
        sessions.name(session, Sessions::key_of_connection(exchange.connection));
        return;
    }
    const std::string id = session_id_of(open);
    if (!id.empty()) {
        session.session.session_id = id;
        sessions.name(session, Sessions::key_of_id(exchange, id));
    }
    if (const LegacyEndpoint* endpoint = find_endpoint(open)) {
        session.session.transport = Transport::http_sse;
        session.session.parties.path = endpoint->path;
    } else if (session.session.transport == Transport::http_sse) {
        session.session.parties.path.clear();  // the event stream's path was not seen
    }
    if (exchange.request) sessions.name(session, Sessions::key_of_place(exchange, open.place));
    if (!client.empty())
        sessions.name(session, Sessions::key_of_client(exchange, open.place, client));
}

LiveSession* Inventory::State::session_of(OpenExchange& open, const detect::Evidence& evidence,
                                          Time time, Batch<Record>& out) {
    if (LiveSession* session = sessions.find(open.session)) return session;
    const Exchange& exchange = *open.exchange;
    LiveSession* session = nullptr;
    const std::string id = open.bare ? std::string() : session_id_of(open);
    if (open.bare) {
        session = find(Sessions::key_of_connection(exchange.connection));
    } else if (!id.empty()) {
        session = find(Sessions::key_of_id(exchange, id));
    } else {
        session = find(Sessions::key_of_place(exchange, open.place));
    }
    if (session == nullptr && evidence.confidence >= detect::confidence_confirmed &&
        !open.refused()) {
        session = &open_session(open, time, out);
        Call none;
        session->session.transport = transport_of(open, none);
        name(*session, open, {});
    }
    if (session != nullptr) open.session = session->serial;
    return session;
}

void Inventory::State::seen(LiveSession& session, const OpenExchange& open, Time time,
                            std::uint64_t packet_number, const detect::Evidence& evidence) {
    Session& record = session.session;
    const std::size_t before = session.evidence.size();
    session.evidence.insert(evidence.rules.begin(), evidence.rules.end());
    if (session.evidence.size() != before) {
        double doubt = 1;
        for (const std::uint16_t rule : session.evidence)
            doubt *= 1 - rules->all()[rule].weight / 100.0;
        record.confidence = static_cast<std::uint8_t>(std::lround(100 * (1 - doubt)));
    }
    record.packet_number = std::max(record.packet_number, packet_number);
    if (record.parties.user_agent.empty() && open.exchange->request) {
        record.parties.user_agent = open.exchange->request->fields.find("user-agent");
    }
    sessions.touch(session, time);
}

Judgement Inventory::State::judge(const OpenExchange& open, Time time, LiveSession& session) {
    const Judgement judgement = policy->judge(contact_of(*open.exchange, open.place, time));
    Judgement& known = session.session.judgement;
    if (!session.confirmed || judgement.verdict > known.verdict) known = judgement;
    return judgement;
}

void Inventory::State::confirm(LiveSession& session, Batch<Record>& out) {
    if (session.tentative && session.session.methods.size() < 2) return;
    session.tentative = false;
    raise_weaknesses(session, out);
    if (!session.confirmed) {
        session.confirmed = true;
        contact(session.session.parties);
        store.note(session.session, changes);
        tell_changes(out);
        raise_cleartext(session, out);
        if (session.session.judgement.entry.empty())
            raise_if_lookalike(alert_about(session, "portal-lookalike"), out);
    }
    if (session.session.judgement.verdict == Verdict::shadow && !session.shadow_told) {
        session.shadow_told = true;
        raise_shadow(session, out);
    }
}

void Inventory::State::tell_changes(Batch<Record>& out) {
    for (InventoryChange& change : changes) out.emplace_back(std::move(change));
    changes.clear();
}

void Inventory::State::forget_oldest_call(LiveSession& session, Batch<Record>& out) {
    std::deque<WaitingCall>* oldest = nullptr;
    std::size_t sender = from_client;
    for (const std::size_t side : {from_client, from_server}) {
        for (auto& [id, calls] : session.waiting[side]) {
            if (oldest == nullptr ||
                calls.front().call.packet_number < oldest->front().call.packet_number) {
                oldest = &calls;
                sender = side;
            }
        }
    }
    if (oldest == nullptr) return;
    Call call = complete(std::move(oldest->front().call), session);
    call.outcome = Outcome::unanswered;
    raise_evasions(oldest->front().evasions, call, out);
    oldest->pop_front();
    --session.calls_waiting;
    if (oldest->empty()) session.waiting[sender].erase(call.id);
    out.emplace_back(std::move(call));
}

void Inventory::State::end(LiveSession& session, Batch<Record>& out) {
    std::vector<WaitingCall> unanswered;
    for (auto& side : session.waiting) {
        for (auto& [id, calls] : side) {
            std::move(calls.begin(), calls.end(), std::back_inserter(unanswered));
        }
    }
    std::sort(unanswered.begin(), unanswered.end(), [](const WaitingCall& a, const WaitingCall& b) {
        return std::tie(a.call.packet_number, a.call.from_server, a.call.id) <
               std::tie(b.call.packet_number, b.call.from_server, b.call.id);
    });
    session.tentative = false;
    confirm(session, out);
    for (WaitingCall& waiting : unanswered) {
        Call call = complete(std::move(waiting.call), session);
        call.outcome = Outcome::unanswered;
        raise_evasions(waiting.evasions, call, out);
        out.emplace_back(std::move(call));
    }
    Session& record = session.session;
    for (const std::uint16_t rule : session.evidence) record.evidence.push_back(rules->id(rule));
    ++ended[std::string(to_string(record.judgement.verdict))];
    store.note(record, changes);
    tell_changes(out);
    out.emplace_back(std::move(record));
    sessions.forget(session);
}

}  // namespace umbratap::inventory
