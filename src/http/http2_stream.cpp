// One stream of an HTTP/2 connection.
#include "http/http2_stream.h"

#include <charconv>

#include "http/http1_head.h"

namespace umbratap::http {

Http2Stream::Http2Stream(const Limits& limits, Budget& budget, ExchangeId exchange) noexcept
    : limits_(&limits),
      budget_(&budget),
      exchange_(exchange),
      sides_{Side(limits, budget), Side(limits, budget)} {}

Http2Stream::~Http2Stream() {
    budget_->give_back(sizeof(Http2Stream));
}

void Http2Stream::begin_request(const Head& head, std::string_view protocol, Turn& turn) {
    if (head.method == "CONNECT") {
        connect_ = protocol.empty()          ? Connect::tunnel
                   : protocol == "websocket" ? Connect::websocket
                                             : Connect::other;
    }
    bodiless_ = head.method == "HEAD";
    if (extensions_.empty()) extensions_ = head.fields.find("sec-websocket-extensions");
    // Nothing but what belongs to the new protocol may follow, once it is agreed to.
    begin(head, connect_ != Connect::none, turn);
}

void Http2Stream::begin_response(const Head& head, Turn& turn) {
    const bool agreed = connect_ != Connect::none && head.status / 100 == 2;
    if (agreed) extensions_ = head.fields.find("sec-websocket-extensions");
    begin(head, agreed, turn);
}

void Http2Stream::begin(const Head& head, bool connected, Turn& turn) {
    Side& mine = side(head.direction);
    mine.has_head = true;
    if (mine.is != Is::awaited) return;  // its DATA came first
    if (connected) {
        mine.is = connect_ == Connect::tunnel      ? Is::tunnel
                  : connect_ == Connect::websocket ? Is::websocket
                                                   : Is::unread;
        return;
    }
    mine.is = Is::body;
    const std::string_view length = head.fields.find("content-length");
    std::uint64_t bytes = 0;
    if (!length.empty() && !(bodiless_ && !head.is_request) && head.status != 304) {
        const auto [end, error] =
            std::from_chars(length.data(), length.data() + length.size(), bytes);
        if (error == std::errc() && end == length.data() + length.size())
            mine.length = bytes;
        else
            turn.found(Problem{"http2.bad_content_length"});
    }
    const bool events = media_type(head.fields.find("content-type")) == "text/event-stream";
    mine.body.begin(body_codings(head.fields), events, exchange_, head.direction, turn);
}

/// Without a head each frame is another chance to see what a body is.
void Http2Stream::begin_data(Direction direction, Turn& turn) {
    Side& mine = side(direction);
    if (mine.is == Is::awaited)
        mine.is = Is::body;
    else if (mine.is != Is::body || mine.has_head || !mine.body.skipped())
        return;
    mine.body.begin({}, false, exchange_, direction, turn);
}

void Http2Stream::push(Direction direction, Bytes data, Turn& turn) {
    Side& mine = side(direction);
    switch (mine.is) {
        case Is::body:
            mine.body.push(data, true, turn);
            break;
        case Is::tunnel: {
            flow::StreamChunk chunk;
            chunk.data = data;
            tunnel(direction, chunk, turn);
            break;
        }
        case Is::websocket:
            turn.found(websocket(direction).push(
                data, turn.text(exchange_, TextKind::websocket_message, direction), turn.out));
            break;
        case Is::unread:
            turn.unseen.unsupported += data.size();
            break;
        case Is::awaited:
        case Is::over:
            turn.unseen.shunted += data.size();
            return;
    }
    mine.bytes += data.size();
}

/// Made when it is needed: by then the response has told what is agreed, if it is seen at all.
WebSocketReader& Http2Stream::websocket(Direction direction) {
    Side& mine = side(direction);
    if (!mine.websocket) {
        mine.websocket = std::make_unique<WebSocketReader>(
            agreed_extensions(extensions_, direction), limits_->text_bytes_max,
            limits_->inflated_bytes_max, *budget_);
    }
    return *mine.websocket;
}

/// Offsets count from the start of the tunnel.
void Http2Stream::tunnel(Direction direction, flow::StreamChunk chunk, Turn& turn) const {
    const Side& mine = side(direction);
    chunk.time = turn.chunk.time;
    chunk.packet_number = turn.chunk.packet_number;
    chunk.direction = direction;
    chunk.offset = mine.bytes + mine.missing;
    turn.out.emplace_back(Tunnelled{exchange_, chunk});
}

void Http2Stream::lose(Direction direction, std::optional<std::uint64_t> missing, Turn& turn) {
    Side& mine = side(direction);
    switch (mine.is) {
        case Is::body:
            mine.body.lose(turn);
            break;
        case Is::tunnel: {
            flow::StreamChunk hole;
            hole.missing = missing.value_or(1);  // at least
            tunnel(direction, hole, turn);
            break;
        }
        case Is::websocket:
            if (missing)
                websocket(direction).lose(*missing, turn.out);
            else
                websocket(direction).lose();
            break;
        case Is::awaited:
        case Is::unread:
        case Is::over:
            break;
    }
    mine.missing += missing.value_or(1);
}

void Http2Stream::end(Direction direction, bool whole, Turn& turn) {
    Side& mine = side(direction);
    if (mine.is == Is::body) {
        if (whole && mine.missing == 0 && mine.length && *mine.length != mine.bytes)
            turn.found(Problem{"http2.content_length_differs"});
        mine.body.end(whole, turn);
    } else if (mine.is == Is::tunnel && mine.bytes + mine.missing > 0) {
        flow::StreamChunk over;
        over.end = true;
        tunnel(direction, over, turn);
    }
    // Its texts may point into it.
    if (mine.websocket)
        turn.shelf.keep(std::shared_ptr<WebSocketReader>(std::move(mine.websocket)));
    mine.is = Is::over;
    mine.has_head = true;
}

void Http2Stream::settle(Direction direction, Turn& turn) {
    if (side(direction).is == Is::body) side(direction).body.settle(turn);
}

void Http2Stream::request_was_read(Direction direction, std::uint64_t bytes) noexcept {
    Side& mine = side(direction);
    mine.is = Is::over;
    mine.has_head = true;
    mine.bytes = bytes;
}

ExchangeEnd Http2Stream::exchange_end(Direction requests, const Turn& turn) const noexcept {
    return {turn.chunk.time, turn.chunk.packet_number, exchange_, side(requests).bytes,
            side(flow::opposite(requests)).bytes};
}

}  // namespace umbratap::http
