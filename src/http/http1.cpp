// HTTP/1 on one connection: messages in their order. (http1_lost.cpp: holes, and finding the place
// again; http1_switch.cpp: what the connection turns into.)
//
//     to_server  POST /mcp HTTP/1.1␍␊…␍␊␍␊{"jsonrpc":…}POST /mcp HTTP/1.1␍␊…
//                └──── HeadFinder ──────┘└─ Body ────┘
//     to_client  HTTP/1.1 200 OK␍␊…␍␊␍␊1f␍␊data: {…}␊␊␍␊0␍␊␍␊
//                └─── HeadFinder ────┘└ChunkedDecoder, Body┘
//
// Each direction is a Side, which is always in one Stage. A head is read as a whole
// (http1_head.cpp), a body as it comes: skipped bodies cost nothing per byte. Body length is
// counted here and chunks are taken apart here (llhttp reads heads only), because after a hole both
// must be moved on by hand: a hole inside a body of known length, or inside a chunk, loses nothing
// but the text it lies in.
//
// What pairs requests with responses, and when nothing does, is said in exchanges.cpp.
#include "http/http1.h"

#include <algorithm>

namespace umbratap::http {

namespace {

constexpr std::size_t as_sent_bytes_max = 64 * 1024;  // of an ambiguous message

}  // namespace

Http1::Http1(const Limits& limits, Budget& budget) noexcept
    : limits_(&limits),
      sides_{Side(limits, budget, Direction::to_server),
             Side(limits, budget, Direction::to_client)},
      exchanges_(limits) {}

void Http1::push(const flow::StreamChunk& chunk, Turn& turn) noexcept {
    Side& from = side(chunk.direction);
    if (chunk.missing > 0) lose(from, chunk.missing, turn);
    read(from, chunk.data, turn);
    if (chunk.end) finish(from, turn);
    for (Side& each : sides_) each.body.settle(turn);
}

void Http1::read(Side& side, Bytes data, Turn& turn) {
    while (!data.empty()) step(side, data, turn);
}

/// Takes at least one byte, or changes the stage.
void Http1::step(Side& side, Bytes& data, Turn& turn) {
    const Bytes before = data;
    switch (side.stage) {
        case Stage::head:
            return find_head(side, data, turn);
        case Stage::waiting:
            return hold(side, data, turn);
        case Stage::tunnel:
        case Stage::websocket:
        case Stage::http_2:
        case Stage::unread:
            return push_switched(side, std::exchange(data, {}), turn);
        case Stage::length: {
            const auto length =
                static_cast<std::size_t>(std::min<std::uint64_t>(side.left, data.size()));
            data = data.subspan(length);
            side.left -= length;
            side.body.push(before.first(length), true, turn);
            break;
        }
        case Stage::chunks: {
            Problem problem;
            const Bytes piece = side.chunks.next(data, problem);
            turn.found(problem);
            if (!piece.empty()) side.body.push(piece, true, turn);
            break;
        }
        case Stage::close:
            side.body.push(std::exchange(data, {}), true, turn);
            break;
    }
    if (side.sent_wanted) {
        const Bytes taken = before.first(before.size() - data.size());
        const std::size_t room = as_sent_bytes_max - side.sent.size();
        side.sent_wanted =
            side.sent.append(taken.first(std::min(room, taken.size())), as_sent_bytes_max);
    }
    if (side.stage == Stage::length && side.left == 0) message_over(side, true, turn);
    if (side.stage == Stage::chunks && side.chunks.ended()) message_over(side, true, turn);
    if (side.stage == Stage::chunks && side.chunks.broken()) chunks_broken(side, turn);
}

void Http1::find_head(Side& side, Bytes& data, Turn& turn) {
    HeadFinder::Wanted wanted;
    wanted.requests = !recognised() || sends_requests(side);
    wanted.responses = !recognised() || !sends_requests(side);
    wanted.lost = side.lost != nullptr;
    const HeadFinder::Found found = side.finder.next(data, wanted, turn.shelf);
    const Bytes bytes = side.finder.found();
    switch (found) {
        case HeadFinder::Found::nothing:
            break;
        case HeadFinder::Found::line:
            on_line(side, bytes, side.finder.line_is_whole(), turn);
            break;
        case HeadFinder::Found::head:
            on_head(side, bytes, side.finder.is_request(), false, turn);
            break;
        case HeadFinder::Found::head_too_long:
            turn.found(Problem{"http1.head_too_long"});
            if (side.lost != nullptr && side.lost != &Unseen::midstream) {
                turn.unseen.*side.lost += bytes.size();
                break;
            }
            on_head(side, bytes, side.finder.is_request(), true, turn);
            get_lost(side, &Unseen::budget, turn);
            break;
    }
}

void Http1::on_head(Side& side, Bytes bytes, bool is_request, bool partial, Turn& turn) {
    if (side.body.open())
        message_over(side, false, turn);  // events that were read without their framing
    side.lost = nullptr;
    side.chunk_line.reset();
    head_found_ = true;
    if (!recognised()) requests_ = is_request ? side.direction : flow::opposite(side.direction);
    Head head;
    head.time = turn.chunk.time;
    head.packet_number = turn.chunk.packet_number;
    head.is_request = is_request;
    head.partial = partial;
    head.direction = side.direction;
    turn.found(decode_http1_head(bytes, *limits_, head));
    if (is_request) {
        on_request(side, head, turn);
    } else {
        on_response(side, head, turn);
    }
}

void Http1::on_request(Side& side, Head& head, Turn& turn) {
    const Answers answers = head.method == "HEAD"      ? Answers::head
                            : head.method == "CONNECT" ? Answers::connect
                                                       : Answers::ordinary;
    side.exchange = exchanges_.begin_request(answers, other(side).stage == Stage::head, turn);
    head.exchange = side.exchange;
    turn.found(body_length(head, Answers::ordinary, side.length));
    if (head.partial) side.length = {};
    const std::string_view upgrade =
        head.partial ? std::string_view() : head.fields.find("upgrade");
    side.wanted = head.partial                       ? Switch::none
                  : answers == Answers::connect      ? Switch::tunnel
                  : list_holds(upgrade, "websocket") ? Switch::websocket
                  : list_holds(upgrade, "h2c")       ? Switch::http_2
                                                     : Switch::none;
    if (side.wanted == Switch::websocket)
        side.offered = head.fields.find("sec-websocket-extensions");
    if (side.wanted == Switch::tunnel) side.length = {};
    turn.out.emplace_back(std::move(head));
    begin_body(side, std::get<Head>(turn.out.back()), turn);
}

void Http1::on_response(Side& side, Head& head, Turn& turn) {
    if (head.status / 100 == 1 && head.status != 101) return;  // the final one is still to come
    const Exchanges::Answered answered = exchanges_.begin_response();
    head.exchange = side.exchange = answered.exchange;
    Side& requests = other(side);
    const bool waited_for = requests.stage == Stage::waiting;
    Switch to = Switch::none;
    if (head.partial) {
        side.length = {};
    } else if (head.status == 101) {
        const std::string_view upgrade = head.fields.find("upgrade");
        to = list_holds(upgrade, "websocket") ? Switch::websocket
             : list_holds(upgrade, "h2c")     ? Switch::http_2
                                              : Switch::other;
    } else if (head.status / 100 == 2 && (answered.answers == Answers::connect ||
                                          (waited_for && requests.wanted == Switch::tunnel))) {
        to = Switch::tunnel;
    }
    if (to == Switch::none && !head.partial)
        turn.found(body_length(head, answered.answers, side.length));
    const std::string extensions(head.fields.find("sec-websocket-extensions"));
    // The response proper to an upgraded request comes in HTTP/2.
    if (to == Switch::http_2) return switch_both(to, answered.exchange, extensions, turn);
    turn.out.emplace_back(std::move(head));
    if (to != Switch::none) return switch_both(to, answered.exchange, extensions, turn);
    begin_body(side, std::get<Head>(turn.out.back()), turn);
    if (waited_for) release(requests, turn);
}

void Http1::begin_body(Side& side, const Head& head, Turn& turn) {
    const bool events = media_type(head.fields.find("content-type")) == "text/event-stream";
    side.body.begin(body_codings(head.fields), events, side.exchange, side.direction, turn);
    side.sent_wanted = side.length.ambiguous;
    side.sent.clear();
    switch (side.length.by) {
        case BodyLength::By::none:
            message_over(side, true, turn);
            break;
        case BodyLength::By::length:
            side.stage = Stage::length;
            side.left = side.length.length;
            break;
        case BodyLength::By::chunks:
            side.stage = Stage::chunks;
            side.chunks = {};
            break;
        case BodyLength::By::close:
            side.stage = Stage::close;
            break;
    }
}

void Http1::message_over(Side& side, bool whole, Turn& turn) {
    side.body.end(whole, turn);
    tell_as_sent(side, turn);
    side.stage = Stage::head;
    if (sends_requests(side)) {
        if (side.wanted != Switch::none) side.stage = Stage::waiting;
        exchanges_.request_over(side.exchange, side.body.bytes(), turn);
    } else {
        exchanges_.response_over(side.exchange, side.body.bytes(), turn);
    }
    if (side.stage == Stage::head) side.exchange = 0;
}

/// What said it was chunked is not. If it never was, the other reading is the right one.
void Http1::chunks_broken(Side& side, Turn& turn) {
    const bool never_was =
        side.chunks.at_first_size() && side.sent_wanted && !side.body.is_events();
    if (never_was && (side.length.length > 0 || !sends_requests(side))) {
        side.stage = side.length.length > 0 ? Stage::length : Stage::close;
        side.left = side.length.length;
        side.sent_wanted = false;
        return read(side, turn.shelf.keep(side.sent), turn);
    }
    get_lost(side, &Unseen::unsupported, turn);
}

/// The bytes of an ambiguous message as they were sent, from the first brace on: some reading finds
/// its text there.
void Http1::tell_as_sent(Side& side, Turn& turn) {
    const Bytes sent = side.sent.bytes();
    const auto brace =
        std::find_if(sent.begin(), sent.end(), [](std::uint8_t c) { return c == '{' || c == '['; });
    side.sent_wanted = false;
    if (brace == sent.end()) return side.sent.clear();
    const auto skipped = static_cast<std::size_t>(brace - sent.begin());
    Text text = turn.text(side.exchange, TextKind::body, side.direction);
    text.data = turn.shelf.keep(side.sent).subspan(skipped);
    text.padded = true;
    text.alternate = true;
    turn.out.emplace_back(text);
}

void Http1::abandon(Turn& turn) noexcept {
    for (Side& each : sides_) {
        if (each.body.open()) each.body.end(false, turn);
    }
    exchanges_.end_all(turn);
}

Speech Http1::speech() const noexcept {
    if (http_2_) return Speech::http_2;
    for (const Side& each : sides_) {
        if (each.stage == Stage::tunnel) return Speech::tunnel;
        if (each.stage == Stage::websocket) return Speech::websocket;
    }
    return recognised() ? Speech::http_1 : Speech::unknown;
}

bool Http1::deaf() const noexcept {
    return std::all_of(sides_.begin(), sides_.end(), [](const Side& each) {
        return each.stage == Stage::unread ||
               (each.stage == Stage::websocket && each.websocket->deaf());
    });
}

}  // namespace umbratap::http
