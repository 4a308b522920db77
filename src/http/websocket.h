// WebSocket messages of one direction after the upgrade (RFC 6455), with permessage-deflate (RFC 7692).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/batch.h"
#include "base/buffer.h"
#include "base/problem.h"
#include "http/items.h"

namespace umbratap::http {

/// What the handshake agreed on, for one direction.
struct WebSocketExtensions {
    bool deflate = false;
    bool no_context_takeover = false;  ///< of this direction's sender
    int window_bits = 15;
};

/// Reads `Sec-WebSocket-Extensions` of the response for the messages that go in `direction`.
WebSocketExtensions agreed_extensions(std::string_view response_header, Direction direction) noexcept;

class WebSocketReader {
public:
    WebSocketReader(const WebSocketExtensions& extensions, std::uint32_t text_bytes_max, std::uint64_t inflated_bytes_max,
                    Budget& budget);
    ~WebSocketReader();
    WebSocketReader(WebSocketReader&&) noexcept;

    /// Takes the next bytes. Appends Texts of kind `websocket_message` (text and binary messages) whose time, packet
    /// number, exchange and direction are those of `where`. Texts live until the next push.
    Problem push(Bytes data, const Text& where, Batch<Item>& out) noexcept;
    /// After a hole no frame can be found again for sure: the reader is deaf.
    void lose() noexcept;
    bool deaf() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::http
