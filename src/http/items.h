// What a connection yields: heads, texts, ends, and what runs inside a tunnel. The same for every
// framing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/time.h"
#include "flow/stream_chunk.h"
#include "http/fields.h"

namespace umbratap::http {

using flow::Direction;

enum class Version : std::uint8_t {
    none,
    http_1_0,
    http_1_1,
    http_2,
    http_3
};                                                     ///< none: no HTTP around it
std::string_view to_string(Version version) noexcept;  ///< "1.1", "2"; "" for none

/// Pairs a request with its response and with the texts of both; counts from 1 within a connection.
/// 0: no exchange (bare stream).
using ExchangeId = std::uint64_t;

/// The head of a request or of a final response. Interim responses (1xx) are not told, save 101.
struct Head {
    Time time;
    std::uint64_t packet_number = 0;
    ExchangeId exchange = 0;
    bool is_request = true;
    bool partial = false;  ///< something of it was lost (HPACK table unknown, cut by a gap)
    Direction direction = Direction::to_server;
    Version version = Version::http_1_1;
    std::uint16_t status = 0;  ///< responses
    std::string method;        ///< requests: as sent
    std::string target;  ///< requests: as sent ("/mcp?x=1", "http://h/p", "h:443"); HTTP/2: `:path`
    std::string authority;  ///< requests: as sent, with port: of an absolute target, else Host or
                            ///< `:authority`
    std::string scheme;     ///< requests: HTTP/2 `:scheme`, or of an absolute target; else empty
    Fields fields;
    std::uint32_t stream_id = 0;  ///< HTTP/2
};

enum class TextKind : std::uint8_t {
    body,               ///< a whole request or response body, content codings taken off
    event,              ///< one server-sent event: its data lines joined with LF (WHATWG HTML, 9.2)
    websocket_message,  ///< one message: fragments joined, unmasked, inflated (RFC 6455, RFC 7692)
    line,               ///< one line of a bare stream (newline-delimited JSON)
};

/// A text that may be a message. Whole, unless it is longer than `Limits::text_bytes_max`: then its
/// first `text_bytes_max` bytes come with `last` false, and the rest in pieces (`first` false) that
/// are only to be scanned.
struct Text {
    Time time;
    std::uint64_t packet_number = 0;
    ExchangeId exchange = 0;
    TextKind kind = TextKind::body;
    Direction direction = Direction::to_server;
    Bytes data;  ///< lives until the next push
    std::string_view
        event_name;  ///< events: the `event` field; empty means "message"; lives as long as data
    bool first = true;
    bool last = true;
    bool padded = false;     ///< readable_padding bytes may be read behind data
    bool damaged = false;    ///< a hole cut it: what is here is a part, from its beginning
    bool alternate = false;  ///< another reading of ambiguous bytes (conflicting lengths)
};

/// Both sides of an exchange are over, or nothing more will be known of it.
struct ExchangeEnd {
    Time time;
    std::uint64_t packet_number = 0;
    ExchangeId exchange = 0;
    std::uint64_t request_bytes = 0;  ///< body as sent, framing taken off, codings not
    std::uint64_t response_bytes = 0;
};

/// Bytes inside a CONNECT tunnel: the engine feeds them to a tls and an http of their own.
/// `authority` of the request that opened it names the server.
struct Tunnelled {
    ExchangeId exchange = 0;
    flow::StreamChunk chunk;
};

using Item = std::variant<Head, Text, ExchangeEnd, Tunnelled>;

}  // namespace umbratap::http
