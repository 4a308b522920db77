// The memory across flows.
//
// The one idea: nothing that a client sends counts before it is known whether the server took it. A
// request or notification waits in its exchange until a response head comes that can bring an
// answer (on a bare stream until the server speaks); then it is *accepted* (it joins or opens a
// session) or *refused* (report/README.md, "Sessions"). What is never answered, since only one
// direction was captured or the capture ended, is accepted at the end of its exchange. Two things
// open no session: what is answered by a head that can bring no answer (204, a page), and
// *hearsay*, a record of messages in which one side says both the question and the answer.
//
//     client's message ─→ OpenExchange.sent ─┬─ 2xx, end, a minute ─→ accept ─→ LiveSession.waiting
//                                            └─ 3xx, 4xx, 5xx ──────→ refuse ─→ Call (refused)
//     server's message ─→ answers a call that waits ─→ Call, or counts as the server's own
//
// An `initialize` or `server/discover` opens its session *tentatively*: an error as answer takes it
// back.
#include "inventory/inventory.h"

#include <algorithm>

#include "inventory/inventory_state.h"

namespace umbratap::inventory {

namespace {

bool is_bare(http::TextKind kind) {
    return kind == http::TextKind::websocket_message || kind == http::TextKind::line;
}

/// What is not posted may be a file.
bool is_body_of_other_than_post(const MessageSighting& sighting) {
    const http::Head* request = sighting.exchange->request.get();
    return sighting.kind == http::TextKind::body && request != nullptr && request->method != "POST";
}

}  // namespace

void count_name(std::map<std::string, std::uint64_t>& counts, const std::string& name,
                std::uint32_t distinct_max) {
    if (counts.size() >= distinct_max && !counts.contains(name)) {
        ++counts["…"];
    } else {
        ++counts[name];
    }
}

void Inventory::State::push(const MessageSighting& sighting, Batch<Record>& out) {
    OpenExchange& open = open_exchange(sighting.exchange, sighting.time, out);
    if (sighting.alternate) return raise_other_reading(open, sighting, out);
    open.bare = is_bare(sighting.kind);
    open.kind = sighting.kind;
    open.stored = !open.accepted && is_body_of_other_than_post(sighting);
    const mcp::Message& message = sighting.message;
    const bool asks = message.kind == mcp::Kind::request || message.kind == mcp::Kind::notification;
    if (sighting.direction == http::Direction::to_client) {
        if (asks) {
            server_message(open, sighting, out);
        } else {
            server_answer(open, sighting, out);
        }
        return;
    }
    if (!asks) {
        open.hearsay = open.hearsay || open.asked.contains(hash_of(message.id));
        if (LiveSession* session = session_of(open, {}, sighting.time, out)) {
            session->session.bytes_to_server += message.bytes;
            if (says_something(sighting)) {
                const Call call =
                    complete(answered_call(*session, open, sighting, from_server), *session);
                raise_found(sighting.findings, call, out);
                raise_travels(note_sent(open, call, sighting), call, out);
            }
            answer(*session, open, sighting, from_server, out);
            seen(*session, open, sighting.time, sighting.packet_number, sighting.evidence);
        }
        return;
    }
    if (!message.id.empty()) open.asked.insert(hash_of(message.id));
    Call call = call_of(open, sighting);
    std::vector<ContentTravel> travels = note_sent(open, call, sighting);
    open.sent.push_back({std::move(call), evidence_of(open, sighting), message.client,
                         sighting.findings, std::move(travels), message.batch});
    if (is_taken(open)) decide(open, out);
}

void Inventory::State::push(const HeadSighting& sighting, Batch<Record>& out) {
    OpenExchange& open = open_exchange(sighting.exchange, sighting.time, out);
    if (open.status() == 0 || open.refused()) return;
    if (is_taken(open)) decide(open, out);
    if (open.place.session_id.empty()) return;
    if (LiveSession* session = session_of(open, sighting.evidence, sighting.time, out)) {
        judge(open, sighting.time, *session);
        seen(*session, open, sighting.time, sighting.packet_number, sighting.evidence);
        confirm(*session, out);
    }
}

void Inventory::State::push(const EndpointSighting& sighting, Batch<Record>& out) {
    OpenExchange& open = open_exchange(sighting.exchange, sighting.time, out);
    const std::string target = resolve_endpoint(open.place.path, sighting.endpoint);
    const std::size_t query = target.find('?');
    std::string id = query == std::string::npos
                         ? std::string()
                         : session_in_query(std::string_view(target).substr(query + 1));
    if (id.empty()) id = target;
    const std::string key = Sessions::key_of_peers(*open.exchange) + target;
    if (endpoints.insert_or_assign(key, LegacyEndpoint{id, open.place.path}).second) {
        endpoint_order.push_back(key);
        if (endpoint_order.size() > limits.exchanges_max) {
            endpoints.erase(endpoint_order.front());
            endpoint_order.pop_front();
        }
    }
    open.place.url_session = id;
    open.place.target = target;
}

void Inventory::State::push(const ExchangeSighting& sighting, Batch<Record>& out) {
    const auto found = exchanges.find(key_of(*sighting.exchange));
    if (found != exchanges.end()) {
        OpenExchange& open = found->second;
        const bool deleted = open.exchange->request && open.exchange->request->method == "DELETE" &&
                             open.status() / 100 == 2;
        if (deleted || open.bare) {
            if (LiveSession* session = session_of(open, {}, sighting.time, out)) {
                closing.emplace_back(sighting.time + limits.session_closing_wait, session->serial);
            }
        }
        end_exchange(key_of(*sighting.exchange), out);
    }
    HttpExchange record;
    record.exchange = sighting.exchange;
    record.time = sighting.time;
    record.packet_number = sighting.packet_number;
    record.request_bytes = sighting.request_bytes;
    record.response_bytes = sighting.response_bytes;
    if (sighting.exchange->request || sighting.exchange->response)
        out.emplace_back(std::move(record));
}

void Inventory::State::push(const NameSighting& sighting, Batch<Record>& out) {
    if (sighting.protocol == "dns") {
        resolved.emplace_back(sighting.time + limits.refusal_wait_max, sighting);
        if (resolved.size() > limits.calls_waiting_max) {
            suspect(resolved.front().second, out);
            resolved.pop_front();
        }
        return;
    }
    suspect(sighting, out);
}

void Inventory::State::push(const LongTextSighting& sighting, Batch<Record>& out) {
    const Place place = place_of(*sighting.exchange);
    Alert alert = alert_of("suspected-mcp");
    alert.parties = parties_of(*sighting.exchange, place);
    alert.time = sighting.time;
    alert.packet_number = sighting.packet_number;
    alert.where = "text";
    alert.matched = "long-text";
    alerts.raise(std::move(alert), out);
}

void Inventory::State::push(const TlsSighting& sighting, Batch<Record>& out) {
    out.emplace_back(sighting);
}

void Inventory::State::push(const AnomalySighting& sighting, Batch<Record>& out) {
    out.emplace_back(Anomaly{sighting.flow, sighting.time, sighting.packet_number,
                             std::string(sighting.problem.name())});
    note_problem(sighting, out);
}

void Inventory::State::push(const FlowSighting& sighting, Batch<Record>& out) {
    if (sighting.stream) out.emplace_back(StreamEnd{sighting});
    out.emplace_back(FlowEnd{sighting});
}

void Inventory::State::tick(Time time, Batch<Record>& out) {
    now = time;
    while (!undecided.empty() && undecided.front().first + limits.refusal_wait_max <= now) {
        const auto found = exchanges.find(undecided.front().second);
        undecided.pop_front();
        if (found == exchanges.end() || found->second.refused()) continue;
        decide(found->second, out);
        found->second.accepted = true;
    }
    while (!closing.empty() && closing.front().first <= now) {
        LiveSession* session = sessions.find(closing.front().second);
        closing.pop_front();
        if (session != nullptr) end(*session, out);
    }
    while (sessions.quietest() != nullptr &&
           now - sessions.quietest()->last_seen > limits.session_idle_max) {
        end(*sessions.quietest(), out);
    }
    while (!resolved.empty() && resolved.front().first <= now) {
        suspect(resolved.front().second, out);
        resolved.pop_front();
    }
    alerts.tick(now, out);
    store.flush();
}

void Inventory::State::finish(Batch<Record>& out) {
    for (const auto& [time, key] : undecided) {
        const auto found = exchanges.find(key);
        if (found != exchanges.end()) decide(found->second, out);
    }
    exchanges.clear();
    while (sessions.quietest() != nullptr) end(*sessions.quietest(), out);
    for (const auto& [time, sighting] : resolved) suspect(sighting, out);
    resolved.clear();
    alerts.finish(out);
    store.flush();
}

Inventory::Inventory(const Limits& limits, const Policy& policy, const detect::RuleSet& rules,
                     Store& store)
    : state_(std::make_unique<State>(limits, policy, rules, store)) {}

Inventory::~Inventory() = default;

void Inventory::adopt(const Policy& policy, const detect::RuleSet& rules) noexcept {
    state_->policy = &policy;
    state_->rule_set = &rules;
    state_->rules = &rules.rules;
}

void Inventory::push(const Sighting& sighting, Batch<Record>& out) {
    std::visit(
        [&](const auto& one) {
            state_->now = std::max(state_->now, one.time);
            state_->push(one, out);
        },
        sighting);
}

void Inventory::tick(Time now, Batch<Record>& out) {
    state_->tick(now, out);
}
void Inventory::finish(Batch<Record>& out) {
    state_->finish(out);
}

const std::map<std::string, std::uint64_t>& Inventory::sessions() const noexcept {
    return state_->ended;
}
void Inventory::adopt(const detect::Preset& preset, const Suppressions& suppressions) noexcept {
    state_->alerts.adopt(&preset, &suppressions);
}

const std::map<std::string, std::uint64_t>& Inventory::suppressed() const noexcept {
    return state_->alerts.suppressed();
}
const std::map<std::string, std::uint64_t>& Inventory::alerts() const noexcept {
    return state_->alerts.raised();
}
const Provenance& Inventory::provenance() const noexcept {
    return state_->provenance;
}
int Inventory::worst_severity() const noexcept {
    return state_->alerts.worst_severity();
}

}  // namespace umbratap::inventory
