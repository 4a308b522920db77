// What Inventory remembers, and its methods by theme; shared by the files that implement them, and
// by nobody else.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "inventory/alert_fold.h"
#include "inventory/credential_watch.h"
#include "inventory/inventory.h"
#include "inventory/live_session.h"
#include "inventory/place.h"
#include "inventory/provenance.h"
#include "inventory/rhythm_watch.h"
#include "inventory/sessions.h"
#include "inventory/tool_watch.h"

namespace umbratap::inventory {

inline constexpr std::size_t from_client = 0, from_server = 1;  ///< index of LiveSession::waiting

/// The two that open a conversation: a handshake (to 2025-11-25) and a probe (from 2026-07-28).
inline bool opens_session(std::string_view method) {
    return method == "initialize" || method == "server/discover";
}

inline ExchangeKey key_of(const Exchange& exchange) {
    return {exchange.connection, exchange.id};
}

inline std::size_t hash_of(const std::string& id) {
    return std::hash<std::string>()(id);
}

/// Counts under `name`; beyond `distinct_max` names, under "…".
void count_name(std::map<std::string, std::uint64_t>& counts, const std::string& name,
                std::uint32_t distinct_max);

/// Somebody looks at what the message says.
inline bool says_something(const MessageSighting& sighting) {
    return !sighting.findings.empty() || !sighting.fingerprints.empty();
}

/// What a client sent, before it is known whether the server took it.
struct Sent {
    Call call;
    detect::Evidence evidence;
    mcp::Implementation client;
    std::vector<detect::Finding> findings;
    std::vector<ContentTravel> travels;
    bool batch = false;  // one of several in an array
};

struct OpenExchange {
    std::shared_ptr<const Exchange> exchange;
    Place place;
    std::vector<Sent> sent;
    std::unordered_set<std::size_t> asked;    // ids, hashed: requests in `sent`
    std::unordered_set<std::size_t> foreign;  // ids, hashed: taken requests of other protocols
    std::uint64_t session = 0;
    bool accepted = false;  // what the client says here is taken by the server
    bool hearsay = false;   // the client answers itself: a record of messages, not the messages
    bool stored = false;    // not posted, and not answered: perhaps a file, and no message
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
    std::string id, path;  ///< session id, path of the event stream
};

/// An `initialize` or `server/discover` that was refused.
struct Probe {
    packet::Address client;
    packet::Endpoint server;
    std::string method;
    mcp::Implementation name;
    Time time;
};

/// What is wrong with a flow that may carry MCP.
struct FlowConduct {
    std::uint64_t session = 0;              ///< that ran on it last
    std::vector<AnomalySighting> problems;  ///< before there was one
};

/// The alert is that of a rule; its severity 0 is that of the category.
void set_rule(Alert& alert, std::string_view id, std::uint32_t signature_id, std::string_view title,
              int severity);

/// Takes the evasions out of `findings`.
std::vector<detect::Finding> take_evasions(std::vector<detect::Finding>& findings);

struct Inventory::State {
    const Limits limits;
    const Policy* policy;
    const detect::RuleSet* rule_set;
    const detect::Rules* rules;  // of rule_set
    Store& store;

    Sessions sessions;
    std::unordered_map<ExchangeKey, OpenExchange, ExchangeHash> exchanges;
    std::deque<ExchangeKey> exchange_order;              // in order of opening
    std::deque<std::pair<Time, ExchangeKey>> undecided;  // the same; after a minute all is accepted
    std::unordered_map<std::string, LegacyEndpoint> endpoints;  // by peers and target
    std::deque<std::string> endpoint_order;
    std::deque<Probe> probes;
    std::deque<std::pair<Time, std::uint64_t>> closing;  // sessions that were deleted
    std::unordered_set<std::string> contacted;  // client and host of sessions and told suspicions
    std::deque<std::string> contacted_order;
    std::unordered_map<std::uint64_t, FlowConduct> flow_conduct;  // by flow
    std::deque<std::uint64_t> flow_conduct_order;
    std::unordered_set<std::string> local_servers;       // address of the client, and name: told
    std::deque<std::pair<Time, NameSighting>> resolved;  // DNS; told if nothing better comes
    ToolWatch tool_watch;
    Provenance provenance;
    RhythmWatch rhythm_watch;
    CredentialWatch credential_watch;
    AlertFold alerts;
    std::map<std::string, std::uint64_t> ended;
    Batch<InventoryChange> changes;
    Time now{};

    State(const Limits& l, const Policy& p, const detect::RuleSet& r, Store& s)
        : limits(l),
          policy(&p),
          rule_set(&r),
          rules(&r.rules),
          store(s),
          tool_watch(l.tool_watch),
          provenance(l.provenance),
          rhythm_watch(l.rhythm_pairs_max),
          credential_watch(l.credentials_max),
          alerts(l.alert_window, l.alerts_open_max) {
        restore_tools();
    }

    // Exchanges (exchanges.cpp).

    OpenExchange& open_exchange(const std::shared_ptr<const Exchange>& exchange, Time time,
                                Batch<Record>& out);
    void forget_oldest_exchange(const ExchangeKey& except, Batch<Record>& out);
    void end_exchange(const ExchangeKey& key, Batch<Record>& out);
    /// Whether what the client says here counts already.
    bool is_taken(const OpenExchange& open) const;
    /// Whether a response of such a head can hold or announce answers to MCP requests.
    bool can_answer(const OpenExchange& open) const;
    /// The server speaks JSON-RPC: what waits in the exchange is taken.
    void take(OpenExchange& open, Batch<Record>& out);
    /// All that waits in the exchange is accepted or refused, as its response head says.
    void decide(OpenExchange& open, Batch<Record>& out);
    Transport transport_of(const OpenExchange& open, const Call& call) const;
    const LegacyEndpoint* find_endpoint(const OpenExchange& open) const;
    std::string session_id_of(const OpenExchange& open) const;

    // What clients send (requests.cpp).

    Call call_of(const OpenExchange& open, const MessageSighting& sighting) const;
    void accept(OpenExchange& open, Sent& sent, Batch<Record>& out);
    /// A request that belongs to no session, and whose method MCP does not have.
    void remember_foreign(OpenExchange& open, const Call& call) const;
    void wait_or_tell(LiveSession& session, Call call, ExchangeKey exchange, std::size_t sender,
                      Batch<Record>& out, std::vector<detect::Finding> evasions = {});
    /// What the session knows and the call does not say itself.
    Call complete(Call call, const LiveSession& session) const;
    void refuse(OpenExchange& open, Sent& sent, Batch<Record>& out);
    /// A body came with a 3xx, 4xx or 5xx: an ordinary JSON-RPC error is an answer, everything else
    /// a refusal.
    void settle_refusal(OpenExchange& open, const mcp::Message& message, Batch<Record>& out);
    void remember_probe(const Exchange& exchange, const Call& call,
                        const mcp::Implementation& client);
    void adopt_probes(const Exchange& exchange, const mcp::Implementation& client,
                      LiveSession& session);

    // Sessions (membership.cpp).

    /// What a message says for a session that is not known yet, at the place where it stands.
    static detect::Evidence evidence_of(OpenExchange& open, const MessageSighting& sighting);

    /// The session of a client's message; a new one where it opens one and the evidence suffices,
    /// else nullptr.
    LiveSession* join(OpenExchange& open, const Call& call, const mcp::Implementation& client,
                      const detect::Evidence& evidence, Batch<Record>& out);
    LiveSession* find(const std::string& key);
    LiveSession& open_session(const OpenExchange& open, Time time, Batch<Record>& out);
    /// Makes the session findable by all that this exchange says of it.
    void name(LiveSession& session, const OpenExchange& open, const mcp::Implementation& client);
    /// The session that a server's message, or a client's answer, belongs to.
    LiveSession* session_of(OpenExchange& open, const detect::Evidence& evidence, Time time,
                            Batch<Record>& out);
    void seen(LiveSession& session, const OpenExchange& open, Time time,
              std::uint64_t packet_number, const detect::Evidence& evidence);
    /// The worst verdict of all its exchanges is the session's.
    Judgement judge(const OpenExchange& open, Time time, LiveSession& session);
    /// Tells alerts and inventory once it is certain that there is a session.
    void confirm(LiveSession& session, Batch<Record>& out);
    void tell_changes(Batch<Record>& out);
    void forget_oldest_call(LiveSession& session, Batch<Record>& out);
    void end(LiveSession& session, Batch<Record>& out);

    // What servers send (answers.cpp).

    void server_message(OpenExchange& open, const MessageSighting& sighting, Batch<Record>& out);
    /// An answer of the server.
    void server_answer(OpenExchange& open, const MessageSighting& sighting, Batch<Record>& out);
    /// What an answer answers, as a call at the time and packet of the answer.
    Call answered_call(const LiveSession& session, const OpenExchange& open,
                       const MessageSighting& sighting, std::size_t sender) const;
    bool is_waited_for(const LiveSession& session, const std::string& id) const;
    /// Completes the waiting call that `sighting` answers. False if that took the session back.
    bool answer(LiveSession& session, OpenExchange& open, const MessageSighting& sighting,
                std::size_t sender, Batch<Record>& out);
    /// The answer to what opened the session was an error: it was a refused probe.
    bool take_back(LiveSession& session, OpenExchange& open, Call call, Batch<Record>& out);
    void note_result(LiveSession& session, const MessageSighting& sighting, Batch<Record>& out);

    // Findings (findings.cpp).

    Alert alert_of(std::string_view category) const;
    /// An alert of a category with all that is known of its subject; what matched is still open.
    Alert alert_about(const LiveSession& session, std::string_view category) const;
    Alert alert_about(const Call& call, std::string_view category) const;
    Alert alert_about(const NameSighting& sighting, std::string_view category) const;
    /// What was found in a message of the session; `call` is it, or what it answers.
    void raise_found(const std::vector<detect::Finding>& findings, const Call& call,
                     Batch<Record>& out);
    /// Those of a client's message, with what the server made of it: `call` has its outcome.
    void raise_evasions(const std::vector<detect::Finding>& evasions, const Call& call,
                        Batch<Record>& out);
    std::string strongest_rule(const detect::Evidence& evidence) const;
    void raise_shadow(const LiveSession& session, Batch<Record>& out);
    /// Raises `alert` if its server has a name that looks like that of a portal.
    void raise_if_lookalike(Alert alert, Batch<Record>& out);
    /// A message that only another reading of the bytes holds: an evasion, counted in no session.
    void raise_other_reading(OpenExchange& open, const MessageSighting& sighting,
                             Batch<Record>& out);
    void suspect(const NameSighting& sighting, Batch<Record>& out);
    /// A server on the client's own machine that a call of a model names.
    void note_local_server(const MentionSighting& sighting, const detect::Mention& mention,
                           Batch<Record>& out);
    void contact(const Parties& parties);
    static std::string contact_key(const packet::Address& client, std::string_view host);
    void remember_contact(const packet::Address& client, std::string_view host);

    // Content that travels from server to server (travels.cpp).

    /// `call` is the server's message, or what it answers.
    void note_returned(const Call& call, const MessageSighting& sighting);
    /// What a client's message holds of other servers' content.
    std::vector<ContentTravel> note_sent(const OpenExchange& open, Call call,
                                         const MessageSighting& sighting);
    void raise_travels(const std::vector<ContentTravel>& travels, const Call& call,
                       Batch<Record>& out);

    // Tools (tools.cpp).

    /// Tells the watch what the store knew before the run.
    void restore_tools();
    /// A server listed tools: new ones, changed ones, and what is odd about them.
    void note_tools(LiveSession& session, const MessageSighting& sighting, Batch<Record>& out);
    void raise_drift(const LiveSession& session, const ListedTool& tool, const ToolBefore& before,
                     Batch<Record>& out);
    void raise_oddity(const LiveSession& session, const ToolOddity& oddity, Batch<Record>& out);

    // How clients and servers behave (conduct.cpp).

    /// Of a client's accepted message: credentials, and what is wrong with the flow around it.
    void note_conduct(LiveSession& session, const OpenExchange& open, Batch<Record>& out);
    /// A message that the revision of its session does not allow so.
    void note_revision(const LiveSession& session, const OpenExchange& open, Sent& sent) const;
    void note_credential(const LiveSession& session, const OpenExchange& open, Batch<Record>& out);
    /// A page of another origin was let in, on an address that only neighbours reach.
    void note_origin(LiveSession& session, const OpenExchange& open, Batch<Record>& out);
    /// A call was answered.
    void note_answer(LiveSession& session, const OpenExchange& open, const Call& call,
                     Batch<Record>& out);
    /// Weaknesses of what client and server say they are.
    void raise_weaknesses(LiveSession& session, Batch<Record>& out);
    void raise_outdated(const LiveSession& session, const MessageSighting& agreed,
                        Batch<Record>& out);
    void raise_cleartext(const LiveSession& session, Batch<Record>& out);
    void raise_flow_evasion(const LiveSession& session, const AnomalySighting& sighting,
                            Batch<Record>& out);
    /// A problem on a flow: an evasion if a session runs there, else kept until one does.
    void note_problem(const AnomalySighting& sighting, Batch<Record>& out);
    FlowConduct& conduct_of(std::uint64_t flow);

    // Sightings and time (inventory.cpp).

    void push(const MessageSighting& sighting, Batch<Record>& out);
    void push(const HeadSighting& sighting, Batch<Record>& out);
    void push(const EndpointSighting& sighting, Batch<Record>& out);
    void push(const ExchangeSighting& sighting, Batch<Record>& out);
    void push(const NameSighting& sighting, Batch<Record>& out);
    void push(const SignSighting& sighting, Batch<Record>& out);
    void push(const MentionSighting& sighting, Batch<Record>& out);
    void push(const LongTextSighting& sighting, Batch<Record>& out);
    void push(const TlsSighting& sighting, Batch<Record>& out);
    void push(const RhythmSighting& sighting, Batch<Record>& out);
    void push(const AnomalySighting& sighting, Batch<Record>& out);
    void push(const FlowSighting& sighting, Batch<Record>& out);
    void tick(Time time, Batch<Record>& out);
    void finish(Batch<Record>& out);
};

}  // namespace umbratap::inventory
