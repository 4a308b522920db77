// How HTTP/1 loses its place and finds it again.
//
// A hole that lies within a body of known length, or within one chunk, costs the text it lies in;
// the next message is where it should be. Any other hole, framing that is broken, and a capture
// that begins in the middle leave a side lost: it then skips until a head begins (HeadFinder).
//
// Server-sent events are worth more: a stream of them may stay open for hours, and a sensor that is
// started meanwhile never sees its head. So what comes to the client is also searched for lines of
// events. If the line before was the size of a chunk, chunks are taken apart from there on; else
// lines are read as they are, until such a line comes.
//
//     …,"id":7}␊␊␍␊2f␍␊event: message␊data: {…}␊␊␍␊
//                  └┬┘ └ a line of events: here it goes on, in chunks
//                  size
#include <algorithm>
#include <charconv>

#include "http/http1.h"

namespace umbratap::http {

namespace {

bool is_blank_line(Bytes line) noexcept {
    return as_text(line) == "\r\n" || as_text(line) == "\n";
}

/// The size, if the line may be that of a chunk ("2f", "2f;name=value").
std::optional<std::uint64_t> chunk_size(Bytes line) noexcept {
    const std::string_view text = as_text(line);
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size, 16);
    const auto digits = static_cast<std::size_t>(end - text.data());
    if (error != std::errc() || digits > 8 || text.front() == '-') return std::nullopt;
    const std::string_view rest = text.substr(digits);
    if (!rest.ends_with("\r\n") || (rest.size() > 2 && rest.front() != ';')) return std::nullopt;
    return size;
}

/// A line that hardly occurs but in a stream of events.
bool is_event_line(Bytes line, bool behind_chunk_size) noexcept {
    const std::string_view text = as_text(line);
    if (text.starts_with("event:")) return true;
    if (behind_chunk_size) return looks_like(line) == Looks::events;
    return text.starts_with("data: {") || text.starts_with("data:{") || text.starts_with("data: [");
}

}  // namespace

void Http1::get_lost(Side& side, Reason why, Turn& turn) {
    if (side.body.open() && side.body.is_events()) {
        side.stage = Stage::head;  // its lines are read on without framing
    } else if (side.stage == Stage::length || side.stage == Stage::chunks ||
               side.stage == Stage::close) {
        side.wanted = Switch::none;
        message_over(side, false, turn);
    }
    side.lost = why;
    side.chunk_line.reset();
    if (!recognised()) return;
    if (sends_requests(side)) {
        exchanges_.requests_lost(turn);
    } else {
        exchanges_.responses_lost();
    }
}

void Http1::on_line(Side& side, Bytes line, bool whole, Turn& turn) {
    if (side.lost == nullptr) {
        if (whole && is_blank_line(line)) return;  // RFC 9112, 2.2: to be ignored before a head
        turn.found(Problem{"http1.unexpected_bytes"});
        get_lost(side, &Unseen::unsupported, turn);
    }
    const auto size = whole ? chunk_size(line) : std::nullopt;
    if (side.body.open()) {
        if (!size) return side.body.push(line, true, turn);
        side.chunks = ChunkedDecoder::behind_size(*size);
        side.stage = Stage::chunks;
        side.lost = nullptr;
        return;
    }
    if (whole && begin_headless(side, line, turn)) return;
    side.chunk_line = size;
    turn.unseen.*side.lost += line.size();
}

bool Http1::begin_headless(Side& side, Bytes line, Turn& turn) {
    const auto size = std::exchange(side.chunk_line, std::nullopt);
    if (side.lost != &Unseen::midstream && side.lost != &Unseen::gap) return false;
    if (recognised() ? sends_requests(side) : side.direction == Direction::to_server) return false;
    if (!is_event_line(line, size.has_value())) return false;
    if (!recognised()) requests_ = flow::opposite(side.direction);
    side.exchange = exchanges_.begin_headless();
    side.body.begin_events(side.exchange, side.direction);
    if (!size) {
        side.body.push(line, true, turn);
        return true;
    }
    side.chunks = ChunkedDecoder::behind_size(*size);
    side.stage = Stage::chunks;
    side.lost = nullptr;
    read(side, line, turn);
    return true;
}

void Http1::lose(Side& side, std::uint64_t missing, Turn& turn) {
    switch (side.stage) {
        case Stage::head: {
            const Bytes waiting = side.finder.waiting();
            if (side.finder.in_head()) {
                on_head(side, turn.shelf.keep({waiting.begin(), waiting.end()}),
                        side.finder.is_request(), true, turn);
            } else if (side.body.open()) {
                side.body.push(turn.shelf.keep({waiting.begin(), waiting.end()}), true, turn);
            } else if (side.lost != nullptr) {
                turn.unseen.*side.lost += waiting.size();
            } else {
                turn.unseen.gap += waiting.size();
            }
            side.finder.drop();
            if (side.body.open()) side.body.lose(turn);
            get_lost(side, side.lost == &Unseen::midstream ? side.lost : &Unseen::gap, turn);
            break;
        }
        case Stage::length:
            side.sent_wanted = false;
            side.body.lose(turn);
            if (missing > side.left) return get_lost(side, &Unseen::gap, turn);
            side.left -= missing;
            if (side.left == 0) message_over(side, false, turn);
            break;
        case Stage::chunks:
            side.sent_wanted = false;
            side.body.lose(turn);
            if (!side.chunks.lose(missing)) get_lost(side, &Unseen::gap, turn);
            break;
        case Stage::close:
            side.body.lose(turn);
            break;
        case Stage::waiting:
            turn.unseen.gap += side.held.size();
            side.held.clear();
            side.held_missing += missing;
            break;
        case Stage::tunnel: {
            flow::StreamChunk hole;
            hole.missing = missing;
            tunnel(side, hole, turn);
            break;
        }
        case Stage::websocket:
            side.websocket->lose(missing, turn.out);
            break;
        case Stage::http_2:
            side.held_missing += missing;
            break;
        case Stage::unread:
            break;
    }
}

void Http1::finish(Side& side, Turn& turn) {
    if (std::exchange(side.ended, true)) return;
    if (side.stage == Stage::waiting) {
        switch_side(side, side.wanted, side.exchange, side.offered, turn);
        if (side.stage == Stage::http_2) return;
    }
    switch (side.stage) {
        case Stage::head: {
            const Bytes waiting = side.finder.waiting();
            if (side.body.open()) {
                side.body.push(turn.shelf.keep({waiting.begin(), waiting.end()}), true, turn);
                message_over(side, false, turn);
            } else if (side.lost != nullptr) {
                turn.unseen.*side.lost += waiting.size();
            }
            side.finder.drop();
            break;
        }
        case Stage::length:
        case Stage::chunks:
            message_over(side, false, turn);
            break;
        case Stage::close:
            message_over(side, true, turn);
            break;
        case Stage::waiting:
            break;
        case Stage::tunnel: {
            flow::StreamChunk end;
            end.end = true;
            tunnel(side, end, turn);
            [[fallthrough]];
        }
        case Stage::websocket:
        case Stage::http_2:
        case Stage::unread:
            if (sends_requests(side)) {
                exchanges_.request_over(side.exchange, side.switched_bytes, turn);
            } else {
                exchanges_.response_over(side.exchange, side.switched_bytes, turn);
            }
            break;
    }
    side.stage = Stage::unread;
    if (other(side).ended) exchanges_.end_all(turn);
}

}  // namespace umbratap::http
