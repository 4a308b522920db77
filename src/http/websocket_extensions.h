// What a WebSocket handshake agreed on (RFC 6455, 9.1; RFC 7692, 7.1).
#pragma once

#include <string_view>

#include "flow/stream_chunk.h"

namespace umbratap::http {

using flow::Direction;

/// What the handshake agreed on, for one direction.
struct WebSocketExtensions {
    bool deflate = false;
    bool no_context_takeover = false;  ///< of this direction's sender
};

/// Reads `Sec-WebSocket-Extensions` of the response for the messages that go in `direction`
/// (RFC 7692, 7.1).
WebSocketExtensions agreed_extensions(std::string_view response_header,
                                      Direction direction) noexcept;

}  // namespace umbratap::http
