// What the world is told: one record an event, before any rendering (report/README.md).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "detect/alerts.h"
#include "inventory/policy.h"
#include "inventory/sighting.h"

namespace umbratap::inventory {

/// Who talked to whom. In every record about MCP the source is the client.
struct Parties {
    std::shared_ptr<const Flow> flow;
    std::optional<Proxy> proxy;
    std::string host, path, server_name;  ///< of the server; empty where unseen
    std::uint16_t port = 0;
    std::string tls;           ///< "none", "1.2", "1.3"
    std::string http_version;  ///< "1.1", "2"; empty where there is no HTTP
    std::string user_agent;
    mcp::Implementation client, server;
};

enum class Transport : std::uint8_t {
    streamable_http,
    http_sse,
    stateless_http,
    websocket,
    stream
};
std::string_view to_string(Transport transport) noexcept;

enum class Outcome : std::uint8_t { ok, error, tool_error, input_required, unanswered, refused };
std::string_view to_string(Outcome outcome) noexcept;

/// `mcp`: a request with its response, or a notification.
struct Call {
    Parties parties;
    Transport transport = Transport::streamable_http;
    Time time;
    std::uint64_t packet_number = 0;  ///< of the packet that completed it
    bool notification = false;
    bool from_server = false;
    std::string method, id, tool, prompt, resource_uri, protocol_version, session_id;
    Verdict verdict = Verdict::shadow;
    Outcome outcome = Outcome::ok;
    bool answered = false;  ///< there is a response: the next three are known
    std::uint64_t request_bytes = 0, response_bytes = 0;
    std::uint64_t argument_tokens = 0, result_tokens = 0;  ///< estimates, see mcp/tokens.h
    double duration_ms = 0;
    std::int64_t error_code = 0;
    std::string error_message;
    std::string arguments, result;  ///< with --payloads
};

/// `mcp_session`
struct Session {
    Parties parties;
    Transport transport = Transport::streamable_http;
    std::string protocol_version, session_id;
    Time start, end;
    std::uint64_t packet_number = 0;  ///< of its last message
    std::map<std::string, std::uint64_t> methods, server_methods, tools_called;
    std::vector<std::string> tools_listed;  ///< in order of first sight
    bool tools_listed_truncated = false;
    std::uint64_t errors = 0, tool_errors = 0, refused = 0, bytes_to_server = 0,
                  bytes_to_client = 0;
    std::uint64_t list_tokens = 0, argument_tokens = 0, result_tokens = 0;  ///< estimates
    Judgement judgement;
    std::uint8_t confidence = 0;
    std::vector<std::string> evidence;  ///< ids of rules
};

/// `alert`
struct Alert {
    Parties parties;
    Time time;
    std::uint64_t packet_number = 0;
    std::string id;  ///< the same in the opening and the closing event of a fold
    std::string category, signature;
    std::uint32_t signature_id = 0;
    int rev = 1;
    int severity = 3;
    std::uint64_t count = 1;
    bool closing = false;
    std::map<std::string, std::vector<std::string>> metadata;
    std::string matched, where, excerpt;  ///< alert.evidence
    std::vector<std::string> parts;       ///< alert.evidence: what the confidence is made of
    std::uint8_t confidence = 0;          ///< 1..100; 0 where it is no question of confidence
    std::optional<Verdict> verdict;
    std::string method, tool, session_id, protocol_version;
    std::optional<Transport> transport;
};

/// An alert of a kind of the catalogue; all else is still open.
Alert alert_of(const detect::AlertKind& kind);

/// `inventory`: something new, or changed.
struct InventoryChange {
    Parties parties;
    Time time;
    std::uint64_t packet_number = 0;
    std::string kind;         ///< "server", "client", "tool", "local-server"
    std::string change;       ///< "new", "changed"
    std::string name;         ///< of the tool or local server
    std::string fingerprint;  ///< of the tool's definition
    Verdict verdict = Verdict::shadow;
};

struct Anomaly {
    std::shared_ptr<const Flow> flow;
    Time time;
    std::uint64_t packet_number = 0;
    std::string event;  ///< "tcp.conflicting_overlap"
};

/// `http`
struct HttpExchange {
    std::shared_ptr<const Exchange> exchange;
    Time time;
    std::uint64_t packet_number = 0;
    std::uint64_t request_bytes = 0, response_bytes = 0;
};

/// `tls`, `flow`, `stream`
using TlsHandshake = TlsSighting;
struct FlowEnd {
    FlowSighting flow;
};
struct StreamEnd {
    FlowSighting flow;
};

/// What a live capture says of itself.
struct LiveCapture {
    std::uint64_t received = 0;  ///< packets that passed the filter, looked at or not
    std::uint64_t lost = 0;      ///< packets, wherever
    std::uint64_t tcp_gaps = 0;  ///< holes in TCP streams that were given up
};

/// `stats`: every number since the start of the run.
struct Stats {
    Time time;
    std::uint64_t packets = 0, bytes = 0;
    bool cut_short = false;
    std::optional<LiveCapture> live;
    std::map<std::string, std::uint64_t> drops;
    struct {
        std::uint64_t tcp = 0, udp = 0, active = 0, one_direction = 0, midstream = 0, forgotten = 0;
    } flows;
    struct {
        std::uint64_t tcp = 0, quic = 0, inspected = 0, shunted = 0;
    } payload;
    std::map<std::string, std::uint64_t> blind;  ///< all nine reasons, zero included
    std::map<std::string, std::uint64_t>
        connections;  ///< counts for the summary: "tls_no_key", "quic", "http", …
    std::map<std::string, std::uint64_t> sessions;    ///< by verdict
    std::map<std::string, std::uint64_t> alerts;      ///< by category
    std::map<std::string, std::uint64_t> suppressed;  ///< alerts not told, see AlertFold
    std::map<std::string, std::uint64_t> problems;    ///< by name
    bool final = false;
};

using Record = std::variant<Call, Session, Alert, InventoryChange, Anomaly, HttpExchange,
                            TlsHandshake, FlowEnd, StreamEnd, Stats>;

}  // namespace umbratap::inventory
