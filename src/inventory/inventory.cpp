// The memory across flows.
//
// The one idea: nothing that a client sends counts before it is known whether the server took it. A
// request or notification waits in its exchange until the response head comes; then it is
// *accepted* (it joins or opens a session) or *refused* (interface.md, "Refusals"). What is never
// answered, since only one direction was captured or the capture ended, is accepted at the end of
// its exchange.
//
//     MessageSighting (client) ─→ OpenExchange.sent ─┬─ 2xx, end, a minute ─→ accept ─→
//     LiveSession.waiting ─→ Call
//                                                    └─ 3xx, 4xx, 5xx ──────→ refuse ─→ Call
//                                                    (refused)
//     MessageSighting (server) ─→ answers a waiting call of its exchange or session, or counts as
//     the server's own
//
// An `initialize` or `server/discover` opens its session *tentatively*: an error as answer takes it
// back.
#include "inventory/inventory.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <unordered_set>

#include "inventory/alert_fold.h"
#include "inventory/live_session.h"
#include "inventory/place.h"
#include "inventory/sessions.h"

namespace umbratap::inventory {

namespace {

constexpr std::size_t from_client = 0, from_server = 1;

/// The two that open a conversation: a handshake (to 2025-11-25) and a probe (from 2026-07-28).
bool opens_session(std::string_view method) {
    return method == "initialize" || method == "server/discover";
}

/// An error that JSON-RPC itself defines (-32768..-32600): an answer to the call, whatever the
/// status around it says.
bool is_ordinary(std::int64_t code) {
    return code >= -32768 && code <= -32600;
}

bool is_bare(http::TextKind kind) {
    return kind == http::TextKind::websocket_message || kind == http::TextKind::line;
}

ExchangeKey key_of(const Exchange& exchange) {
    return {exchange.connection, exchange.id};
}

double milliseconds(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

/// What a client sent, before it is known whether the server took it.
struct Sent {
    Call call;
    detect::Evidence evidence;
    mcp::Implementation client;
};

struct OpenExchange {
    std::shared_ptr<const Exchange> exchange;
    Place place;
    std::vector<Sent> sent;
    std::uint64_t session = 0;
    bool accepted = false;
    bool bare = false;
    http::TextKind kind = http::TextKind::body;
    std::uint16_t status() const { return exchange->response ? exchange->response->status : 0; }
    bool refused() const { return status() >= 300; }
};

struct ExchangeHash {
    std::size_t operator()(const ExchangeKey& key) const noexcept {
        return std::hash<std::uint64_t>()(key.connection * 0x9e3779b97f4a7c15U ^ key.exchange);
    }
};

/// Where an event stream of the old transport told its client to post to.
struct LegacyEndpoint {
    std::string id, path;  // session id, path of the event stream
};

struct Probe {
    packet::Address client;
    packet::Endpoint server;
    std::string method;
    mcp::Implementation name;
    Time time;
};

void count_name(std::map<std::string, std::uint64_t>& counts, const std::string& name,
                std::uint32_t distinct_max) {
    if (counts.size() >= distinct_max && !counts.contains(name)) {
        ++counts["…"];
    } else {
        ++counts[name];
    }
}

}  // namespace

struct Inventory::State {
    const Limits limits;
    const Policy& policy;
    const detect::Rules& rules;
    const detect::AlertCatalogue& catalogue;
    Store& store;
    const bool decrypted_mirror;

    Sessions sessions;
    std::unordered_map<ExchangeKey, OpenExchange, ExchangeHash> exchanges;
    std::deque<std::pair<Time, ExchangeKey>>
        undecided;  // in order of opening, for the minute after which all is accepted
    std::deque<ExchangeKey> exchange_order;
    std::unordered_map<std::string, LegacyEndpoint> endpoints;  // by peers and target
    std::deque<std::string> endpoint_order;
    std::deque<Probe> probes;
    std::deque<std::pair<Time, std::uint64_t>> closing;
    std::unordered_set<std::string>
        contacted;  // client and host of confirmed sessions and told suspicions
    std::deque<std::string> contacted_order;
    std::deque<std::pair<Time, NameSighting>>
        resolved;  // DNS answers, told if nothing better comes
    AlertFold alerts;
    std::map<std::string, std::uint64_t> ended;
    Batch<InventoryChange> changes;
    Time now{};

    State(const Limits& l, const Policy& p, const detect::Rules& r, const detect::AlertCatalogue& c,
          Store& s, bool mirror)
        : limits(l),
          policy(p),
          rules(r),
          catalogue(c),
          store(s),
          decrypted_mirror(mirror),
          alerts(l.alert_window, l.alerts_open_max) {}

    // ---- exchanges
    // ------------------------------------------------------------------------------------------------

    OpenExchange& open_exchange(const std::shared_ptr<const Exchange>& exchange, Time time,
                                Batch<Record>& out) {
        const ExchangeKey key = key_of(*exchange);
        auto [found, made] = exchanges.try_emplace(key);
        OpenExchange& open = found->second;
        if (made) {
            undecided.emplace_back(time, key);
            exchange_order.push_back(key);
            if (exchanges.size() > limits.exchanges_max) forget_oldest_exchange(key, out);
        }
        if (open.exchange != exchange) {
            open.exchange = exchange;
            open.place = place_of(*exchange);
        }
        return exchanges.at(key);
    }

    void forget_oldest_exchange(const ExchangeKey& except, Batch<Record>& out) {
        while (!exchange_order.empty()) {
            const ExchangeKey oldest = exchange_order.front();
            exchange_order.pop_front();
            if (oldest == except || !exchanges.contains(oldest)) continue;
            end_exchange(oldest, out);
            return;
        }
    }

    void end_exchange(const ExchangeKey& key, Batch<Record>& out) {
        const auto found = exchanges.find(key);
        if (found == exchanges.end()) return;
        decide(found->second, out);
        exchanges.erase(found);
    }

    /// All that waits in the exchange is accepted or refused, as its response head says.
    void decide(OpenExchange& open, Batch<Record>& out) {
        std::vector<Sent> sent = std::move(open.sent);
        open.sent.clear();
        for (Sent& one : sent) {
            if (open.refused()) {
                refuse(open, one, out);
            } else {
                accept(open, one, out);
            }
        }
    }

    // ---- what clients send
    // ----------------------------------------------------------------------------------------

    Transport transport_of(const OpenExchange& open, const Call& call) const {
        if (open.kind == http::TextKind::websocket_message) return Transport::websocket;
        if (open.kind == http::TextKind::line) return Transport::stream;
        if (find_endpoint(open) != nullptr) return Transport::http_sse;
        if (!open.place.session_id.empty()) return Transport::streamable_http;
        const bool modern =
            open.exchange->request && open.exchange->request->fields.has("mcp-method");
        if (modern || (!call.protocol_version.empty() && call.method != "initialize"))
            return Transport::stateless_http;
        if (!open.place.url_session.empty()) return Transport::http_sse;
        return Transport::streamable_http;
    }

    const LegacyEndpoint* find_endpoint(const OpenExchange& open) const {
        const auto found =
            endpoints.find(Sessions::key_of_peers(*open.exchange) + open.place.target);
        return found == endpoints.end() ? nullptr : &found->second;
    }

    std::string session_id_of(const OpenExchange& open) const {
        if (!open.place.session_id.empty()) return open.place.session_id;
        if (const LegacyEndpoint* endpoint = find_endpoint(open)) return endpoint->id;
        return open.place.url_session;
    }

    void accept(OpenExchange& open, Sent& sent, Batch<Record>& out) {
        LiveSession* session = join(open, sent.call, sent.client, sent.evidence, out);
        if (session == nullptr) return;
        Call& call = sent.call;
        Session& record = session->session;
        count_name(record.methods, call.method, limits.distinct_names_max);
        if (call.method == "tools/call" && !call.tool.empty())
            count_name(record.tools_called, call.tool, limits.distinct_names_max);
        record.bytes_to_server += call.request_bytes;
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
            !policy.tool_allowed(judgement.entry, call.tool)) {
            raise("tool-not-allowed", complete(call, *session), "params.name", call.tool, out);
        }
        open.session = session->serial;
        wait_or_tell(*session, std::move(call), key_of(*open.exchange), from_client, out);
    }

    void wait_or_tell(LiveSession& session, Call call, ExchangeKey exchange, std::size_t sender,
                      Batch<Record>& out) {
        if (call.notification) {
            out.emplace_back(complete(std::move(call), session));
            return;
        }
        if (session.calls_waiting >= limits.calls_waiting_max) forget_oldest_call(session, out);
        ++session.calls_waiting;
        const Time sent = call.time;
        std::string id = call.id;
        session.waiting[sender][std::move(id)].push_back({std::move(call), sent, exchange});
    }

    /// What the session knows and the call does not say itself.
    Call complete(Call call, const LiveSession& session) const {
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

    void refuse(OpenExchange& open, Sent& sent, Batch<Record>& out) {
        if (sent.evidence.confidence < detect::confidence_confirmed) return;
        Call& call = sent.call;
        call.outcome = Outcome::refused;
        call.transport = transport_of(open, call);
        call.session_id = open.place.session_id;
        call.parties.client = sent.client;
        call.verdict =
            policy.judge(contact_of(*open.exchange, open.place, call.time, decrypted_mirror))
                .verdict;
        if (opens_session(call.method)) {
            remember_probe(*open.exchange, call, sent.client);
        } else if (LiveSession* session =
                       sessions.find(Sessions::key_of_id(*open.exchange, session_id_of(open)), now,
                                     limits.session_idle_max)) {
            ++session->session.refused;
        }
        out.emplace_back(std::move(call));
    }

    void remember_probe(const Exchange& exchange, const Call& call,
                        const mcp::Implementation& client) {
        probes.push_back(
            {exchange.flow->client.address, exchange.flow->server, call.method, client, call.time});
        if (probes.size() > limits.calls_waiting_max) probes.pop_front();
    }

    // ---- sessions
    // -------------------------------------------------------------------------------------------------

    /// The session of a client's message; a new one where it opens one and the evidence suffices,
    /// else nullptr.
    LiveSession* join(OpenExchange& open, const Call& call, const mcp::Implementation& client,
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

    LiveSession* find(const std::string& key) {
        return sessions.find(key, now, limits.session_idle_max);
    }

    LiveSession& open_session(const OpenExchange& open, Time time, Batch<Record>& out) {
        if (sessions.size() >= limits.sessions_max) end(*sessions.quietest(), out);
        LiveSession& session = sessions.open(time);
        session.session.parties = parties_of(*open.exchange, open.place);
        return session;
    }

    /// Makes the session findable by all that this exchange says of it.
    void name(LiveSession& session, const OpenExchange& open, const mcp::Implementation& client) {
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

    void adopt_probes(const Exchange& exchange, const mcp::Implementation& client,
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

    /// The session that a server's message, or a client's answer, belongs to.
    LiveSession* session_of(OpenExchange& open, const detect::Evidence& evidence, Time time,
                            Batch<Record>& out) {
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

    void seen(LiveSession& session, const OpenExchange& open, Time time,
              std::uint64_t packet_number, const detect::Evidence& evidence) {
        Session& record = session.session;
        const std::size_t before = session.evidence.size();
        session.evidence.insert(evidence.rules.begin(), evidence.rules.end());
        if (session.evidence.size() != before) {
            double doubt = 1;
            for (const std::uint16_t rule : session.evidence)
                doubt *= 1 - rules.all()[rule].weight / 100.0;
            record.confidence = static_cast<std::uint8_t>(std::lround(100 * (1 - doubt)));
        }
        record.packet_number = std::max(record.packet_number, packet_number);
        if (record.parties.user_agent.empty() && open.exchange->request) {
            record.parties.user_agent = open.exchange->request->fields.find("user-agent");
        }
        sessions.touch(session, time);
    }

    /// The worst verdict of all its exchanges is the session's.
    Judgement judge(const OpenExchange& open, Time time, LiveSession& session) {
        const Judgement judgement =
            policy.judge(contact_of(*open.exchange, open.place, time, decrypted_mirror));
        Judgement& known = session.session.judgement;
        if (!session.confirmed || judgement.verdict > known.verdict) known = judgement;
        return judgement;
    }

    /// Tells alerts and inventory once it is certain that there is a session.
    void confirm(LiveSession& session, Batch<Record>& out) {
        if (session.tentative && session.session.methods.size() < 2) return;
        session.tentative = false;
        if (!session.confirmed) {
            session.confirmed = true;
            contact(session.session.parties);
            store.note(session.session, changes);
            tell_changes(out);
        }
        if (session.session.judgement.verdict == Verdict::shadow && !session.shadow_told) {
            session.shadow_told = true;
            raise_shadow(session, out);
        }
    }

    void contact(const Parties& parties) {
        if (parties.host.empty() && parties.server_name.empty()) return;
        const std::string& host = parties.host.empty() ? parties.server_name : parties.host;
        remember_contact(parties.flow->client.address, host);
    }

    static std::string contact_key(const packet::Address& client, std::string_view host) {
        return std::string(reinterpret_cast<const char*>(client.octets.data()), 16).append(host);
    }

    void remember_contact(const packet::Address& client, std::string_view host) {
        std::string key = contact_key(client, host);
        if (!contacted.insert(key).second) return;
        contacted_order.push_back(std::move(key));
        if (contacted_order.size() > limits.alerts_open_max) {
            contacted.erase(contacted_order.front());
            contacted_order.pop_front();
        }
    }

    void tell_changes(Batch<Record>& out) {
        for (InventoryChange& change : changes) out.emplace_back(std::move(change));
        changes.clear();
    }

    void forget_oldest_call(LiveSession& session, Batch<Record>& out) {
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
        oldest->pop_front();
        --session.calls_waiting;
        if (oldest->empty()) session.waiting[sender].erase(call.id);
        out.emplace_back(std::move(call));
    }

    void end(LiveSession& session, Batch<Record>& out) {
        std::vector<WaitingCall> unanswered;
        for (auto& side : session.waiting) {
            for (auto& [id, calls] : side) {
                std::move(calls.begin(), calls.end(), std::back_inserter(unanswered));
            }
        }
        std::sort(unanswered.begin(), unanswered.end(),
                  [](const WaitingCall& a, const WaitingCall& b) {
                      return std::tie(a.call.packet_number, a.call.from_server, a.call.id) <
                             std::tie(b.call.packet_number, b.call.from_server, b.call.id);
                  });
        session.tentative = false;
        confirm(session, out);
        for (WaitingCall& waiting : unanswered) {
            Call call = complete(std::move(waiting.call), session);
            call.outcome = Outcome::unanswered;
            out.emplace_back(std::move(call));
        }
        Session& record = session.session;
        for (const std::uint16_t rule : session.evidence) record.evidence.push_back(rules.id(rule));
        ++ended[std::string(to_string(record.judgement.verdict))];
        store.note(record, changes);
        tell_changes(out);
        out.emplace_back(std::move(record));
        sessions.forget(session);
    }

    // ---- what servers send
    // ----------------------------------------------------------------------------------------

    void server_message(OpenExchange& open, const MessageSighting& sighting, Batch<Record>& out) {
        const mcp::Message& message = sighting.message;
        LiveSession* session = session_of(open, sighting.evidence, sighting.time, out);
        if (session == nullptr) return;
        count_name(session->session.server_methods, message.method, limits.distinct_names_max);
        session->session.bytes_to_client += message.bytes;
        judge(open, sighting.time, *session);
        seen(*session, open, sighting.time, sighting.packet_number, sighting.evidence);
        confirm(*session, out);
        wait_or_tell(*session, call_of(open, sighting), key_of(*open.exchange), from_server, out);
    }

    /// An answer of the server.
    void server_answer(OpenExchange& open, const MessageSighting& sighting, Batch<Record>& out) {
        const mcp::Message& message = sighting.message;
        if (!open.sent.empty() && open.refused()) {
            settle_refusal(open, message, out);
            if (!open.accepted) return;
        }
        LiveSession* session = session_of(open, sighting.evidence, sighting.time, out);
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
        const bool alive = answer(*session, open, sighting, from_client, out);
        if (!alive) return;
        note_result(*session, sighting, out);
        judge(open, sighting.time, *session);
        seen(*session, open, sighting.time, sighting.packet_number, sighting.evidence);
        confirm(*session, out);
    }

    bool is_waited_for(const LiveSession& session, const std::string& id) const {
        return session.waiting[from_client].contains(id);
    }

    /// A body came with a 3xx, 4xx or 5xx: an ordinary JSON-RPC error is an answer, everything else
    /// a refusal.
    void settle_refusal(OpenExchange& open, const mcp::Message& message, Batch<Record>& out) {
        std::vector<Sent> sent = std::move(open.sent);
        open.sent.clear();
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

    /// Completes the waiting call that `sighting` answers. False if that took the session back.
    bool answer(LiveSession& session, OpenExchange& open, const MessageSighting& sighting,
                std::size_t sender, Batch<Record>& out) {
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
        auto place = std::find_if(calls.begin(), calls.end(), [&](const WaitingCall& call) {
            return call.exchange == key_of(*open.exchange);
        });
        if (place == calls.end()) place = calls.begin();
        Call call = std::move(place->call);
        const Time sent = place->sent;
        calls.erase(place);
        --session.calls_waiting;
        if (calls.empty()) waiting.erase(found);

        call.answered = true;
        call.time = sighting.time;
        call.packet_number = sighting.packet_number;
        call.duration_ms = std::max(0.0, milliseconds(sighting.time - sent));
        call.response_bytes = message.bytes;
        call.result = message.result;
        call.error_code = message.error_code;
        call.error_message = message.error_message;
        call.outcome = is_error                 ? Outcome::error
                       : message.tool_error     ? Outcome::tool_error
                       : message.input_required ? Outcome::input_required
                                                : Outcome::ok;
        if (sender == from_client && opens_session(call.method)) {
            if (is_error) return take_back(session, open, std::move(call), out);
            session.tentative = false;
            if (!message.protocol_version.empty()) {
                session.session.protocol_version = message.protocol_version;
                session.answered_version = true;
            }
        }
        if (!message.server.empty()) session.session.parties.server = message.server;
        out.emplace_back(complete(std::move(call), session));
        return true;
    }

    /// The answer to what opened the session was an error: it was a refused probe.
    bool take_back(LiveSession& session, OpenExchange& open, Call call, Batch<Record>& out) {
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

    void note_result(LiveSession& session, const MessageSighting& sighting, Batch<Record>& out) {
        const mcp::Message& message = sighting.message;
        Session& record = session.session;
        if (!message.server.empty()) record.parties.server = message.server;
        for (const mcp::Tool& tool : message.tools) {
            if (!session.tools_known.contains(tool.name)) {
                if (record.tools_listed.size() >= limits.tools_listed_max) {
                    record.tools_listed_truncated = true;
                } else {
                    session.tools_known.insert(tool.name);
                    record.tools_listed.push_back(tool.name);
                }
            }
            // Four bytes of JSON a token: the usual rule of thumb for English text and schemas.
            record.list_tokens_estimate += tool.definition.size() / 4;
            store.note_tool(record, tool, sighting.time, sighting.packet_number, changes);
        }
        tell_changes(out);
    }

    // ---- sightings
    // ------------------------------------------------------------------------------------------------

    Call call_of(const OpenExchange& open, const MessageSighting& sighting) const {
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
        call.arguments = message.arguments;
        return call;
    }

    void push(const MessageSighting& sighting, Batch<Record>& out) {
        OpenExchange& open = open_exchange(sighting.exchange, sighting.time, out);
        open.bare = is_bare(sighting.kind);
        open.kind = sighting.kind;
        if (sighting.alternate) return;
        const mcp::Message& message = sighting.message;
        const bool asks =
            message.kind == mcp::Kind::request || message.kind == mcp::Kind::notification;
        if (sighting.direction == http::Direction::to_client) {
            if (asks) {
                server_message(open, sighting, out);
            } else {
                server_answer(open, sighting, out);
            }
            return;
        }
        if (!asks) {
            if (LiveSession* session = session_of(open, sighting.evidence, sighting.time, out)) {
                session->session.bytes_to_server += message.bytes;
                answer(*session, open, sighting, from_server, out);
                seen(*session, open, sighting.time, sighting.packet_number, sighting.evidence);
            }
            return;
        }
        open.sent.push_back({call_of(open, sighting), sighting.evidence, message.client});
        if (open.bare || open.accepted || (open.status() != 0 && !open.refused())) {
            open.accepted = true;
            decide(open, out);
        }
    }

    void push(const HeadSighting& sighting, Batch<Record>& out) {
        OpenExchange& open = open_exchange(sighting.exchange, sighting.time, out);
        if (open.status() == 0 || open.refused()) return;
        open.accepted = true;
        decide(open, out);
        if (open.place.session_id.empty()) return;
        if (LiveSession* session = session_of(open, sighting.evidence, sighting.time, out)) {
            judge(open, sighting.time, *session);
            seen(*session, open, sighting.time, sighting.packet_number, sighting.evidence);
            confirm(*session, out);
        }
    }

    void push(const EndpointSighting& sighting, Batch<Record>& out) {
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

    void push(const ExchangeSighting& sighting, Batch<Record>& out) {
        const auto found = exchanges.find(key_of(*sighting.exchange));
        if (found != exchanges.end()) {
            OpenExchange& open = found->second;
            const bool deleted = open.exchange->request &&
                                 open.exchange->request->method == "DELETE" &&
                                 open.status() / 100 == 2;
            if (deleted || open.bare) {
                if (LiveSession* session = session_of(open, {}, sighting.time, out)) {
                    closing.emplace_back(sighting.time + limits.session_closing_wait,
                                         session->serial);
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

    void push(const NameSighting& sighting, Batch<Record>& out) {
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

    void suspect(const NameSighting& sighting, Batch<Record>& out) {
        const bool known =
            contacted.contains(contact_key(sighting.flow->client.address, sighting.name));
        if (sighting.protocol == "dns" && known) return;
        remember_contact(sighting.flow->client.address, sighting.name);
        Alert alert = alert_of("suspected-mcp");
        alert.parties.flow = sighting.flow;
        alert.parties.host = sighting.name;
        if (sighting.protocol == "dns") {
            alert.parties.port = 0;
        } else {
            alert.parties.port = sighting.flow->server.port;
            alert.parties.server_name = sighting.protocol == "http" ? std::string() : sighting.name;
        }
        alert.time = sighting.time;
        alert.packet_number = sighting.packet_number;
        alert.severity = std::max(alert.severity, sighting.severity);
        alert.where = sighting.protocol == "dns"    ? "dns.question"
                      : sighting.protocol == "http" ? "http.host"
                                                    : "tls.sni";
        alert.matched = sighting.rule;
        alert.excerpt = sighting.name;
        if (!sighting.vendor.empty()) alert.metadata["vendor"] = {sighting.vendor};
        alerts.raise(std::move(alert), out);
    }

    void push(const LongTextSighting& sighting, Batch<Record>& out) {
        const Place place = place_of(*sighting.exchange);
        Alert alert = alert_of("suspected-mcp");
        alert.parties = parties_of(*sighting.exchange, place);
        alert.time = sighting.time;
        alert.packet_number = sighting.packet_number;
        alert.where = "text";
        alert.matched = "long-text";
        alerts.raise(std::move(alert), out);
    }

    void push(const TlsSighting& sighting, Batch<Record>& out) { out.emplace_back(sighting); }

    void push(const AnomalySighting& sighting, Batch<Record>& out) {
        out.emplace_back(Anomaly{sighting.flow, sighting.time, sighting.packet_number,
                                 std::string(sighting.problem.name())});
    }

    void push(const FlowSighting& sighting, Batch<Record>& out) {
        if (sighting.stream) out.emplace_back(StreamEnd{sighting});
        out.emplace_back(FlowEnd{sighting});
    }

    // ---- alerts
    // ---------------------------------------------------------------------------------------------------

    Alert alert_of(std::string_view category) const {
        const detect::AlertKind& known = catalogue.find(category);
        Alert alert;
        alert.category = category;
        alert.signature = known.signature;
        alert.signature_id = known.signature_id;
        alert.rev = known.rev;
        alert.severity = known.severity;
        alert.metadata = known.metadata;
        return alert;
    }

    void raise_shadow(const LiveSession& session, Batch<Record>& out) {
        const Session& record = session.session;
        Alert alert = alert_of("shadow-server");
        alert.parties = record.parties;
        alert.time = session.last_seen;
        alert.packet_number = record.packet_number;
        alert.verdict = record.judgement.verdict;
        alert.session_id = record.session_id;
        alert.protocol_version = record.protocol_version;
        alert.transport = record.transport;
        alert.where = "session";
        if (!session.evidence.empty()) alert.matched = rules.id(*session.evidence.begin());
        if (!record.judgement.expired.empty())
            alert.metadata["expired_entry"] = {record.judgement.expired};
        alerts.raise(std::move(alert), out);
    }

    void raise(std::string_view category, const Call& call, std::string where, std::string matched,
               Batch<Record>& out) {
        Alert alert = alert_of(category);
        alert.parties = call.parties;
        alert.time = call.time;
        alert.packet_number = call.packet_number;
        alert.verdict = call.verdict;
        alert.method = call.method;
        alert.tool = call.tool;
        alert.session_id = call.session_id;
        alert.protocol_version = call.protocol_version;
        alert.transport = call.transport;
        alert.where = std::move(where);
        alert.matched = std::move(matched);
        alerts.raise(std::move(alert), out);
    }

    // ---- time
    // -----------------------------------------------------------------------------------------------------

    void tick(Time time, Batch<Record>& out) {
        now = std::max(now, time);
        while (!undecided.empty() && undecided.front().first + limits.refusal_wait_max <= now) {
            const auto found = exchanges.find(undecided.front().second);
            undecided.pop_front();
            if (found != exchanges.end() && !found->second.refused()) decide(found->second, out);
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

    void finish(Batch<Record>& out) {
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
};

Inventory::Inventory(const Limits& limits, const Policy& policy, const detect::Rules& rules,
                     const detect::AlertCatalogue& catalogue, Store& store, bool decrypted_mirror)
    : state_(std::make_unique<State>(limits, policy, rules, catalogue, store, decrypted_mirror)) {}

Inventory::~Inventory() = default;

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
const std::map<std::string, std::uint64_t>& Inventory::alerts() const noexcept {
    return state_->alerts.raised();
}
int Inventory::worst_severity() const noexcept {
    return state_->alerts.worst_severity();
}

}  // namespace umbratap::inventory
