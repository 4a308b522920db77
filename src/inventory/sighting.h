// What workers tell the inventory: everything that was seen on one flow, owned, in the order of
// packets.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/problem.h"
#include "base/time.h"
#include "capture/frame.h"
#include "detect/finding.h"
#include "detect/mention.h"
#include "detect/rhythms.h"
#include "detect/rules.h"
#include "detect/winnowing.h"
#include "http/items.h"
#include "mcp/message.h"
#include "packet/packet.h"

namespace umbratap::inventory {

/// One flow as events name it. Shared by all sightings of the flow.
struct Flow {
    std::uint64_t id = 0;
    packet::Endpoint client,
        server;  ///< of the inner packets; turned round where requests show the other way
    packet::Transport transport = packet::Transport::tcp;
    std::string community_id;
    const capture::Origin* origin = nullptr;
    std::vector<std::uint16_t> vlans;
    packet::Tunnel tunnel = packet::Tunnel::none;
    Time start;
    std::uint64_t first_packet = 0;
};

/// What is known of the TLS around an exchange.
struct TlsView {
    std::string version;  ///< "1.2", "1.3"; empty where there was none
    std::string server_name;
    std::vector<std::string> certificate_names;  ///< empty where none was seen
};

/// The explicit proxy in between.
struct Proxy {
    packet::Endpoint endpoint;
    std::string kind;  ///< "http" (absolute-form requests), "connect", "socks5"
};

/// One HTTP exchange, or one bare stream, around messages. Shared; never changed after it was
/// handed on.
struct Exchange {
    std::shared_ptr<const Flow> flow;
    std::uint64_t connection =
        0;  ///< number of the (tunnelled) connection within the run; with `id` unique
    http::ExchangeId id = 0;
    std::shared_ptr<const http::Head> request;
    std::shared_ptr<const http::Head> response;
    TlsView tls;
    std::optional<Proxy> proxy;
    std::string tunnel_authority;  ///< of the CONNECT around it
};

/// One text that held messages.
struct MessageSighting {
    std::shared_ptr<const Exchange> exchange;
    http::TextKind kind = http::TextKind::body;
    http::Direction direction = http::Direction::to_server;  ///< who sent it
    Time time;
    std::uint64_t packet_number = 0;
    mcp::Message message;
    detect::Evidence evidence;  ///< of message and heads together
    bool alternate = false;  ///< only in another reading of ambiguous bytes: no session counts it
    std::vector<detect::Finding> findings;  ///< in what it says, and in the head before it
    detect::Fingerprints fingerprints;      ///< of what it says
    std::uint64_t tokens = 0;               ///< of its arguments or its result, see mcp/tokens.h
};

/// `event: endpoint` of the old HTTP+SSE transport.
struct EndpointSighting {
    std::shared_ptr<const Exchange> exchange;
    Time time;
    std::uint64_t packet_number = 0;
    std::string endpoint;  ///< as sent: a URI reference
    detect::Evidence evidence;
};

/// A response head, told when it came; a request without one at the end of its exchange.
struct HeadSighting {
    std::shared_ptr<const Exchange> exchange;
    Time time;
    std::uint64_t packet_number = 0;
    detect::Evidence evidence;  ///< of the heads alone
};

/// The exchange is over.
struct ExchangeSighting {
    std::shared_ptr<const Exchange> exchange;
    Time time;
    std::uint64_t packet_number = 0;
    std::uint64_t request_bytes = 0, response_bytes = 0;
};

/// A name without content: TLS, DNS.
struct NameSighting {
    std::shared_ptr<const Flow> flow;
    Time time;
    std::uint64_t packet_number = 0;
    std::string name, protocol;  ///< protocol: "tls", "dns"
    std::string rule, vendor;
    int severity = 3;
};

/// What the heads of an exchange say by themselves: numbers of rules, see
/// detect::Rules::find_signs.
struct SignSighting {
    std::shared_ptr<const Exchange> exchange;
    Time time;
    std::uint64_t packet_number = 0;
    std::vector<std::uint16_t> signs;
};

/// A text of another protocol names MCP servers.
struct MentionSighting {
    std::shared_ptr<const Exchange> exchange;
    Time time;
    std::uint64_t packet_number = 0;
    std::vector<detect::Mention> mentions;
};

/// A text too long to be parsed, with a hit of the pre-filter.
struct LongTextSighting {
    std::shared_ptr<const Exchange> exchange;
    Time time;
    std::uint64_t packet_number = 0;
};

struct TlsSighting {
    std::shared_ptr<const Flow> flow;
    Time time;
    std::uint64_t packet_number = 0;
    std::string server_name;             ///< SNI
    std::string version, cipher_suite;   ///< chosen by the server; version else as offered
    std::string ja3, ja3s, ja4;          ///< fingerprints
    std::vector<std::string> protocols;  ///< ALPN as offered
    std::string protocol;                ///< ALPN as chosen
    std::string certificate_subject, certificate_issuer;
    std::vector<std::string> certificate_names;
    bool resumed = false;
    bool encrypted_client_hello = false;  ///< ECH was offered: the name may be the outer one
};

/// A TLS connection that stays closed: how much was said in turns, see tls/rhythm.h.
struct RhythmSighting {
    std::shared_ptr<const Flow> flow;
    Time time;
    std::uint64_t packet_number = 0;
    std::string server_name, fingerprint;  ///< SNI; JA4
    std::vector<std::string> protocols;    ///< ALPN as offered
    bool long_lived = false;               ///< it was still open then, and quiet
    std::vector<detect::RhythmTurn> turns;
};

struct AnomalySighting {
    std::shared_ptr<const Flow> flow;
    Time time;
    std::uint64_t packet_number = 0;
    Problem problem;
};

struct StreamDirection {
    std::uint64_t bytes = 0, missing = 0;
    std::string sha256;
};

/// End of a flow.
struct FlowSighting {
    std::shared_ptr<const Flow> flow;
    Time time;  ///< of its last packet
    std::uint64_t packet_number = 0;
    std::uint64_t packets[2] = {}, bytes[2] = {};  ///< to server, to client; IP bytes
    std::string reason;                            ///< "closed", "timeout", "forgotten", "end"
    std::optional<std::array<StreamDirection, 2>> stream;     ///< if asked for
    std::optional<std::array<StreamDirection, 2>> decrypted;  ///< the same inside of TLS
};

using Sighting = std::variant<MessageSighting, EndpointSighting, HeadSighting, ExchangeSighting,
                              NameSighting, SignSighting, MentionSighting, LongTextSighting,
                              TlsSighting, RhythmSighting, AnomalySighting, FlowSighting>;

}  // namespace umbratap::inventory
