// One stream of an HTTP/2 connection: a request, its response, and what their DATA is (RFC 9113, 8;
// WebSocket: RFC 8441; tunnels: RFC 9113, 8.5).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/body.h"
#include "http/websocket.h"

namespace umbratap::http {

class Http2Stream {
public:
    /// The caller took `sizeof(Http2Stream)` from the budget; it is given back in the end.
    Http2Stream(const Limits& limits, Budget& budget, ExchangeId exchange) noexcept;
    ~Http2Stream();
    Http2Stream(const Http2Stream&) = delete;

    ExchangeId exchange() const noexcept { return exchange_; }
    /// A head of that side came.
    bool has_head(Direction direction) const noexcept { return side(direction).has_head; }
    /// Anything of that side came.
    bool begun(Direction direction) const noexcept { return side(direction).is != Is::awaited; }
    bool over() const noexcept { return sides_[0].is == Is::over && sides_[1].is == Is::over; }

    /// `protocol`: of an extended CONNECT.
    void begin_request(const Head& head, std::string_view protocol, Turn& turn);
    void begin_response(const Head& head, Turn& turn);
    /// A DATA frame begins.
    void begin_data(Direction direction, Turn& turn);
    void push(Direction direction, Bytes data, Turn& turn);
    /// A hole of `missing` bytes within a DATA frame; nullopt: a hole in which DATA of this stream
    /// may have been.
    void lose(Direction direction, std::optional<std::uint64_t> missing, Turn& turn);
    void end(Direction direction, bool whole, Turn& turn);
    /// At the end of each turn.
    void settle(Direction direction, Turn& turn);
    /// The request was read elsewhere: it had a body of so many bytes.
    void request_was_read(Direction direction, std::uint64_t bytes) noexcept;
    ExchangeEnd exchange_end(Direction requests, const Turn& turn) const noexcept;

private:
    enum class Is : std::uint8_t { awaited, body, tunnel, websocket, unread, over };
    enum class Connect : std::uint8_t { none, tunnel, websocket, other };

    struct Side {
        Side(const Limits& limits, Budget& budget) noexcept : body(limits, budget) {}
        Is is = Is::awaited;
        bool has_head = false;
        std::optional<std::uint64_t> length;  // Content-Length
        std::uint64_t bytes = 0;              // of DATA so far
        std::uint64_t missing = 0;
        Body body;
        std::unique_ptr<WebSocketReader> websocket;
    };

    Side& side(Direction direction) noexcept { return sides_[flow::index(direction)]; }
    const Side& side(Direction direction) const noexcept { return sides_[flow::index(direction)]; }
    void begin(const Head& head, bool connected, Turn& turn);
    void tunnel(Direction direction, flow::StreamChunk chunk, Turn& turn) const;
    WebSocketReader& websocket(Direction direction);

    const Limits* limits_;
    Budget* budget_;
    ExchangeId exchange_;
    Connect connect_ = Connect::none;
    bool connected_ = false;
    bool bodiless_ = false;   // the response to HEAD
    std::string extensions_;  // Sec-WebSocket-Extensions: as offered, then as agreed
    std::array<Side, 2> sides_;
};

}  // namespace umbratap::http
