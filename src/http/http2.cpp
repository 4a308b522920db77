// HTTP/2 on one connection. (http2_lost.cpp: holes, and finding a frame again.)
//
//     to_server  PRI * HTTP/2.0␍␊… SETTINGS HEADERS(1) DATA(1) HEADERS(3) …
//     to_client  SETTINGS HEADERS(1) DATA(1) HEADERS(3) DATA(1) DATA(3) …
//                         └ FrameReader ─┘
//                HpackDecoder, Http2Fields └ Http2Stream
//
// Frames are walked here, and nothing is expected of either end but that frames follow each other:
// a session of an HTTP/2 library is an endpoint, and gives up where only one direction is seen, or
// the start is not. Flow control, priorities and the content of SETTINGS do not change what was
// said. Streams pair requests with responses, whatever is lost.
#include "http/http2.h"

#include <algorithm>

namespace umbratap::http {

namespace {

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace

Http2::Http2(const Limits& limits, Budget& budget, ExchangeId last_exchange) noexcept
    : limits_(&limits),
      budget_(&budget),
      sides_{Side(budget, Direction::to_server), Side(budget, Direction::to_client)},
      last_exchange_(last_exchange) {}

void Http2::start(Direction direction, Start start) noexcept {
    Side& from = side(direction);
    if (start == Start::fresh) return;
    from.stage = start == Start::lost ? Stage::lost : Stage::frames;
    from.hpack.lose();
}

void Http2::upgraded(Direction requests, ExchangeId exchange, std::uint64_t request_bytes) {
    requests_ = requests;
    if (!budget_->take(sizeof(Http2Stream))) return;
    Http2Stream& stream = streams_.try_emplace(1, *limits_, *budget_, exchange).first->second;
    stream.request_was_read(requests, request_bytes);
}

void Http2::push(const flow::StreamChunk& chunk, Turn& turn) noexcept {
    Side& from = side(chunk.direction);
    if (chunk.missing > 0) lose(from, chunk.missing, turn);
    read(from, chunk.data, turn);
    if (chunk.end) finish(from, turn);
    if (Http2Stream* stream = find(std::exchange(unsettled_, 0)))
        stream->settle(chunk.direction, turn);
}

void Http2::read(Side& side, Bytes data, Turn& turn) {
    while (!data.empty()) {
        switch (side.stage) {
            case Stage::preface:
                read_preface(side, data, turn);
                break;
            case Stage::frames:
                read_frames(side, data, turn);
                break;
            case Stage::lost:
                look_for_frames(side, data, false, turn);
                break;
            case Stage::over:
                turn.unseen.shunted += data.size();
                data = {};
                break;
        }
    }
}

/// The client's; a server sends none.
void Http2::read_preface(Side& side, Bytes& data, Turn& turn) {
    while (!data.empty() && side.preface_bytes < preface.size() &&
           data.front() == static_cast<std::uint8_t>(preface[side.preface_bytes])) {
        data = data.subspan(1);
        ++side.preface_bytes;
    }
    if (side.preface_bytes == preface.size()) {
        if (!requests_) requests_ = side.direction;
        side.stage = Stage::frames;
    } else if (side.preface_bytes == 0 && data.front() == 0) {
        side.stage = Stage::frames;
    } else if (!data.empty()) {
        turn.found(Problem{"http2.bad_preface"});
        get_lost(side, &Unseen::unsupported, turn);
    }
}

void Http2::read_frames(Side& side, Bytes& data, Turn& turn) {
    while (true) {
        Problem problem;
        const std::size_t before = data.size();
        const FrameReader::Found found = side.frames.next(data, problem);
        side.bytes += before - data.size();
        turn.found(problem);
        if (found == FrameReader::Found::nothing) return;
        if (found == FrameReader::Found::header) begin_frame(side, turn);
        if (found == FrameReader::Found::content) take_content(side, side.frames.content(), turn);
        if (found == FrameReader::Found::end) end_frame(side, turn);
    }
}

void Http2::begin_frame(Side& side, Turn& turn) {
    const FrameHeader& frame = side.frames.frame();
    const bool continues = side.block && frame.type == FrameType::continuation &&
                           frame.stream == side.block->start.stream;
    if (side.block && !continues) {
        turn.found(Problem{"http2.interrupted_field_block"});
        lose_block(side, &Unseen::unsupported);
        end_block(side, turn);
    }
    switch (frame.type) {
        case FrameType::data:
            return begin_data(side, turn);
        case FrameType::headers:
        case FrameType::push_promise:
            return begin_block(side, turn);
        case FrameType::continuation:
            return continue_block(side, turn);
        case FrameType::rst_stream:
            return count(side.resets, limits_->http2_resets_max, "http2.rapid_reset", turn);
        case FrameType::settings:
            return count(side.settings, limits_->http2_settings_max, "http2.settings_flood", turn);
        case FrameType::ping:
            return count(side.pings, limits_->http2_pings_max, "http2.ping_flood", turn);
        default:
            return;
    }
}

void Http2::take_content(Side& side, Bytes content, Turn& turn) {
    const FrameHeader& frame = side.frames.frame();
    if (frame.type == FrameType::data) {
        Http2Stream* stream = find(frame.stream);
        if (stream == nullptr) {
            turn.unseen.shunted += content.size();
            return;
        }
        if (unsettled_ != frame.stream) {
            if (Http2Stream* before = find(unsettled_)) before->settle(side.direction, turn);
            unsettled_ = frame.stream;
        }
        stream->push(side.direction, content, turn);
    } else if (side.block) {
        side.block->bytes += content.size();
        if (side.block->unread != nullptr) return;
        if (const Problem problem = side.hpack.push(content, side.block->fields)) {
            turn.found(problem);
            lose_block(side, &Unseen::unsupported);
        }
    }
}

void Http2::end_frame(Side& side, Turn& turn) {
    const FrameHeader& frame = side.frames.frame();
    if (frame.type == FrameType::data && frame.has(FrameHeader::end_stream))
        end_side(frame.stream, side.direction, turn);
    if (side.block && frame.has(FrameHeader::end_headers)) end_block(side, turn);
    if (frame.type == FrameType::rst_stream) close(frame.stream, turn);
}

void Http2::begin_data(const Side& side, Turn& turn) {
    const std::uint32_t id = side.frames.frame().stream;
    if (id == 0) return turn.found(Problem{"http2.bad_stream_id"});
    Http2Stream* stream = find(id);
    if (stream == nullptr && !was_closed(id)) stream = open(id, turn);
    if (stream != nullptr) stream->begin_data(side.direction, turn);
}

void Http2::count(Rate& rate, std::uint32_t most, const char* flood, Turn& turn) {
    const std::int64_t second =
        std::chrono::floor<std::chrono::seconds>(turn.chunk.time).time_since_epoch().count();
    if (second != rate.second) rate = {second, 0, rate.told};
    if (++rate.count <= most || rate.told) return;
    rate.told = true;
    turn.found(Problem{flood});
}

void Http2::begin_block(Side& side, Turn& turn) {
    const FrameHeader& frame = side.frames.frame();
    side.block.emplace(*limits_, frame);
    side.block->promised = side.frames.promised_stream();
    if (const Problem problem = side.hpack.begin_block(side.bytes)) {
        turn.found(problem);
        lose_block(side, &Unseen::budget);
    }
}

void Http2::continue_block(Side& side, Turn& turn) {
    if (!side.block) {
        turn.found(Problem{"http2.unexpected_continuation"});
        side.hpack.lose();
    } else if (++side.block->continuations > limits_->http2_continuations_max) {
        turn.found(Problem{"http2.continuation_flood"});
    }
}

/// What it holds from here on cannot be known, nor what it adds to the table.
void Http2::lose_block(Side& side, std::uint64_t Unseen::*why) {
    side.block->unread = why;
    side.block->fields.lost();
    side.hpack.lose();
}

void Http2::end_block(Side& side, Turn& turn) {
    if (side.block->unread == nullptr) {
        if (const Problem problem = side.hpack.end_block()) {
            turn.found(problem);
            lose_block(side, &Unseen::unsupported);
        }
    }
    Block block = std::move(*side.block);
    side.block.reset();
    if (block.unread != nullptr) turn.unseen.*block.unread += block.bytes;
    on_head(side, block, turn);
    if (block.start.type == FrameType::headers && block.start.has(FrameHeader::end_stream))
        end_side(block.start.stream, side.direction, turn);
}

void Http2::on_head(Side& side, Block& block, Turn& turn) {
    const bool pushed = block.start.type == FrameType::push_promise;
    const std::uint32_t id = pushed ? block.promised : block.start.stream;
    if (id == 0) return turn.found(Problem{"http2.bad_stream_id"});
    Http2Fields& fields = block.fields;
    if (!requests_) {
        if (pushed || fields.is_response())
            requests_ = flow::opposite(side.direction);
        else if (fields.is_request())
            requests_ = side.direction;
    }
    Head head;
    head.time = turn.chunk.time;
    head.packet_number = turn.chunk.packet_number;
    head.direction = side.direction;
    head.is_request = pushed || side.direction == requests();
    head.stream_id = id;
    Http2Stream* stream = find(id);
    const bool known = stream != nullptr && stream->has_head(side.direction);
    if (fields.has_no_pseudo_field() && !pushed) {
        // Trailers, unless what it lacks was lost.
        if (!fields.partial() || known) return;
        if (stream != nullptr && stream->begun(side.direction)) return;
    }
    if (known) return turn.found(Problem{"http2.second_head"});
    const std::string protocol(fields.protocol());
    turn.found(fields.move_to(head));
    if (!head.is_request && head.status / 100 == 1) return;  // the final one is still to come
    if (stream == nullptr) {
        if (was_closed(id)) return;
        stream = open(id, turn);
        if (stream == nullptr) return;
    }
    tell_head(*stream, std::move(head), protocol, pushed, turn);
}

void Http2::tell_head(Http2Stream& stream, Head head, std::string_view protocol, bool pushed,
                      Turn& turn) {
    head.exchange = stream.exchange();
    turn.out.emplace_back(std::move(head));
    const Head& told = std::get<Head>(turn.out.back());
    if (pushed) {  // a request that the server makes itself: all of it was in the promise
        stream.request_was_read(flow::opposite(told.direction), 0);
    } else if (told.is_request) {
        stream.begin_request(told, protocol, turn);
    } else {
        stream.begin_response(told, turn);
    }
}

Http2Stream* Http2::find(std::uint32_t id) noexcept {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : &found->second;
}

Http2Stream* Http2::open(std::uint32_t id, Turn& turn) {
    if (streams_.size() >= limits_->http2_streams_max) {
        if (!too_many_told_) turn.found(Problem{"http2.too_many_streams"});
        too_many_told_ = true;
        close(streams_.begin()->first, turn);
    }
    if (!budget_->take(sizeof(Http2Stream))) {
        turn.found(Problem{"http.budget_used_up"});
        return nullptr;
    }
    Http2Stream& stream =
        streams_.try_emplace(id, *limits_, *budget_, ++last_exchange_).first->second;
    for (const Side& each : sides_) {
        if (each.stage == Stage::over) stream.end(each.direction, false, turn);
    }
    return &stream;
}

bool Http2::was_closed(std::uint32_t id) const noexcept {
    return std::find(closed_.begin(), closed_.end(), id) != closed_.end();
}

void Http2::end_side(std::uint32_t id, Direction direction, Turn& turn) {
    Http2Stream* stream = find(id);
    if (stream == nullptr) return;
    stream->end(direction, true, turn);
    if (stream->over()) close(id, turn);
}

/// The exchange is over, whole or not.
void Http2::close(std::uint32_t id, Turn& turn) {
    Http2Stream* stream = find(id);
    if (stream == nullptr) return;
    for (const Direction direction : {requests(), flow::opposite(requests())})
        stream->end(direction, false, turn);
    turn.out.emplace_back(stream->exchange_end(requests(), turn));
    streams_.erase(id);
    closed_[closed_next_++ % closed_.size()] = id;
}

}  // namespace umbratap::http
