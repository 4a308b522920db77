// HTTP/1.0 and 1.1 on one connection, both directions (RFC 9112), and what it may turn into:
// WebSocket, a tunnel.
//
// See http1.cpp for how it keeps its place, and how it finds it again.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "http/body.h"
#include "http/chunked.h"
#include "http/exchanges.h"
#include "http/head_finder.h"
#include "http/websocket.h"

namespace umbratap::http {

class Http1 {
public:
    Http1(const Limits& limits, Budget& budget) noexcept;

    /// Takes bytes, hole or end. Not for chunks marked `alternate`.
    void push(const flow::StreamChunk& chunk, Turn& turn) noexcept;

    /// A head was found, or events without one.
    bool recognised() const noexcept { return requests_.has_value(); }
    bool head_found() const noexcept { return head_found_; }
    /// It was something else all along: ends what was begun.
    void abandon(Turn& turn) noexcept;
    ExchangeId last_exchange() const noexcept { return exchanges_.last(); }

    /// The connection was upgraded to HTTP/2 (RFC 7540, 3.2); `following` begins behind the head of
    /// each direction.
    struct Http2Upgrade {
        Direction requests = Direction::to_server;
        ExchangeId exchange = 0;
        std::uint64_t request_bytes = 0;
        std::array<Bytes, 2> following;
        std::array<bool, 2> holed{};  ///< and there is a hole in front of it
        std::array<bool, 2> ended{};
    };
    std::optional<Http2Upgrade> take_http2_upgrade(Turn& turn) noexcept;

    bool reversed() const noexcept { return requests_ == Direction::to_client; }
    Speech speech() const noexcept;
    /// Neither direction can yield anything any more.
    bool deaf() const noexcept;
    /// The exchange whose message is being read in that direction; 0: none.
    ExchangeId exchange(Direction direction) const noexcept {
        return sides_[flow::index(direction)].exchange;
    }

private:
    enum class Stage : std::uint8_t {
        head,    // a head is looked for
        length,  // in a body: `left` bytes to go
        chunks,
        close,    // to the end of the connection
        waiting,  // what a request to switch is followed by, until its answer is known
        tunnel,
        websocket,
        http_2,  // what follows an upgrade to it is held for whoever reads it
        unread,  // something else, after an upgrade
    };
    enum class Switch : std::uint8_t { none, tunnel, websocket, http_2, other };
    using Reason = std::uint64_t Unseen::*;

    struct Side {
        Side(const Limits& limits, Budget& budget, Direction d) noexcept
            : direction(d),
              finder(limits.head_bytes_max, budget),
              body(limits, budget),
              held(budget),
              sent(budget) {}

        Direction direction;
        Stage stage = Stage::head;
        Switch wanted = Switch::none;  // requests: what the latest asks for
        bool ended = false;
        Reason lost = &Unseen::midstream;  // why no head is where one should be; null: all is well
        HeadFinder finder;
        Body body;
        BodyLength length;
        ChunkedDecoder chunks;
        std::uint64_t left = 0;
        std::optional<std::uint64_t> chunk_line;  // lost: the line before was the size of a chunk
        ExchangeId exchange = 0;                  // of the message that is being read
        Buffer held;                              // waiting
        Buffer sent;                              // the body of an ambiguous message as it was sent
        bool sent_wanted = false;
        std::uint64_t switched_bytes = 0;
        std::uint64_t held_missing = 0;
        std::uint64_t tunnel_offset = 0;
        std::string offered;  // Sec-WebSocket-Extensions of the request
        std::unique_ptr<WebSocketReader> websocket;
    };

    Side& side(Direction direction) noexcept { return sides_[flow::index(direction)]; }
    Side& other(const Side& side) noexcept { return this->side(flow::opposite(side.direction)); }
    bool sends_requests(const Side& side) const noexcept { return requests_ == side.direction; }

    void read(Side& side, Bytes data, Turn& turn);
    void step(Side& side, Bytes& data, Turn& turn);
    void find_head(Side& side, Bytes& data, Turn& turn);
    void on_head(Side& side, Bytes bytes, bool is_request, bool partial, Turn& turn);
    void on_request(Side& side, Head& head, Turn& turn);
    void on_response(Side& side, Head& head, Turn& turn);
    void begin_body(Side& side, const Head& head, Turn& turn);
    void message_over(Side& side, bool whole, Turn& turn);
    void chunks_broken(Side& side, Turn& turn);
    void tell_as_sent(Side& side, Turn& turn);

    void on_line(Side& side, Bytes line, bool whole, Turn& turn);
    bool begin_headless(Side& side, Bytes line, Turn& turn);
    void get_lost(Side& side, Reason why, Turn& turn);
    void lose(Side& side, std::uint64_t missing, Turn& turn);
    void finish(Side& side, Turn& turn);

    void hold(Side& side, Bytes& data, Turn& turn);
    void release(Side& side, Turn& turn);
    void switch_side(Side& side, Switch to, ExchangeId exchange, std::string_view extensions,
                     Turn& turn);
    void switch_both(Switch to, ExchangeId exchange, std::string_view extensions, Turn& turn);
    void push_switched(Side& side, Bytes data, Turn& turn);
    void tunnel(Side& side, const flow::StreamChunk& chunk, Turn& turn);

    const Limits* limits_;
    std::array<Side, 2> sides_;
    Exchanges exchanges_;
    std::optional<Direction> requests_;  // the direction they go
    bool head_found_ = false;
    bool http_2_ = false;  // was switched to
};

}  // namespace umbratap::http
