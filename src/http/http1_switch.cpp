// What an HTTP/1 connection turns into: a tunnel after CONNECT (RFC 9110, 9.3.6), WebSocket (RFC
// 6455, 4) or something else after Upgrade (RFC 9110, 7.8).
//
// The client may not send anything but what belongs to the new protocol, and not before it is
// answered; so what follows such a request is held back until its response tells how to read it. If
// none comes (one direction alone is seen), the switch is taken for granted.
#include "http/http1.h"

namespace umbratap::http {

void Http1::hold(Side& side, Bytes& data, Turn& turn) {
    if (side.held.append(data, limits_->head_bytes_max)) {
        data = {};
        return;
    }
    switch_side(side, side.wanted, side.exchange, side.offered, turn);
}

/// The switch was refused: what was held back is HTTP.
void Http1::release(Side& side, Turn& turn) {
    side.stage = Stage::head;
    side.wanted = Switch::none;
    side.exchange = 0;
    const Bytes held = turn.shelf.keep(side.held);
    if (const std::uint64_t missing = std::exchange(side.held_missing, 0))
        lose(side, missing, turn);
    read(side, held, turn);
}

void Http1::switch_side(Side& side, Switch to, ExchangeId exchange, std::string_view extensions,
                        Turn& turn) {
    if (side.body.open()) side.body.end(false, turn);
    side.exchange = exchange;
    side.wanted = Switch::none;
    side.lost = nullptr;
    switch (to) {
        case Switch::tunnel:
            side.stage = Stage::tunnel;
            break;
        case Switch::websocket:
            side.stage = Stage::websocket;
            side.websocket = std::make_unique<WebSocketReader>(
                agreed_extensions(extensions, side.direction), limits_->text_bytes_max,
                limits_->inflated_bytes_max, side.body.budget());
            break;
        case Switch::http_2:
            http_2_ = true;
            side.stage = Stage::http_2;
            break;
        case Switch::other:
        case Switch::none:
            side.stage = Stage::unread;
            break;
    }
    const Bytes waiting = side.finder.waiting();
    const Bytes held = turn.shelf.keep(side.held);
    if (const std::uint64_t missing = std::exchange(side.held_missing, 0))
        lose(side, missing, turn);
    if (!waiting.empty()) {
        const Bytes kept = turn.shelf.keep({waiting.begin(), waiting.end()});
        side.finder.drop();
        push_switched(side, kept, turn);
    }
    if (!held.empty()) push_switched(side, held, turn);
}

void Http1::switch_both(Switch to, ExchangeId exchange, std::string_view extensions, Turn& turn) {
    exchanges_.switched(exchange);
    Side& requests = side(*requests_);
    if (requests.stage == Stage::head || requests.stage == Stage::waiting)
        switch_side(requests, to, exchange, extensions, turn);
    requests.exchange = exchange;
    switch_side(other(requests), to, exchange, extensions, turn);
}

void Http1::push_switched(Side& side, Bytes data, Turn& turn) {
    switch (side.stage) {
        case Stage::tunnel: {
            flow::StreamChunk chunk;
            chunk.data = data;
            tunnel(side, chunk, turn);
            break;
        }
        case Stage::websocket:
            turn.found(side.websocket->push(
                data, turn.text(side.exchange, TextKind::websocket_message, side.direction),
                turn.out));
            break;
        case Stage::http_2:
            if (!side.held.append(data, SIZE_MAX)) turn.unseen.budget += data.size();
            break;
        default:
            turn.unseen.unsupported += data.size();
            break;
    }
    side.switched_bytes += data.size();
}

std::optional<Http1::Http2Upgrade> Http1::take_http2_upgrade(Turn& turn) noexcept {
    if (!http_2_) return std::nullopt;
    Http2Upgrade upgrade;
    upgrade.requests = *requests_;
    upgrade.exchange = side(*requests_).exchange;
    upgrade.request_bytes = exchanges_.release(upgrade.exchange);
    for (Side& each : sides_) {
        upgrade.following[flow::index(each.direction)] = turn.shelf.keep(each.held);
        upgrade.holed[flow::index(each.direction)] = each.held_missing > 0;
        upgrade.ended[flow::index(each.direction)] = each.ended;
    }
    abandon(turn);
    return upgrade;
}

/// Offsets count from the start of the tunnel.
void Http1::tunnel(Side& side, const flow::StreamChunk& chunk, Turn& turn) {
    Tunnelled inside{side.exchange, chunk};
    inside.chunk.time = turn.chunk.time;
    inside.chunk.packet_number = turn.chunk.packet_number;
    inside.chunk.offset = side.tunnel_offset;
    inside.chunk.direction = side.direction;
    side.tunnel_offset += chunk.data.size() + chunk.missing;
    turn.out.emplace_back(std::move(inside));
}

}  // namespace umbratap::http
