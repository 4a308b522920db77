// What a hole costs in HTTP/2.
//
// A hole within the content of a frame leaves the framing as it is: within DATA it costs a part of
// one body, within a field block that block and what it told the table. Any other hole may have
// swallowed frames: the next is found by its looks (FrameFinder), the table is not known, and each
// open body of that direction may have a hole.
#include "http/http2.h"

namespace umbratap::http {

void Http2::look_for_frames(Side& side, Bytes& data, bool end, Turn& turn) {
    const FrameFinder::Found found =
        side.finder.next(std::exchange(data, {}), FrameFinder::Expects::http_2, end, turn.shelf);
    turn.unseen.*side.lost_as += found.skipped.size();
    side.bytes += found.skipped.size();
    if (found.frames.empty()) return;
    side.stage = Stage::frames;
    side.frames.restart();
    Bytes frames = found.frames;
    read_frames(side, frames, turn);
}

void Http2::lose(Side& side, std::uint64_t missing, Turn& turn) {
    if (side.stage == Stage::over) return;
    if (side.stage != Stage::frames) return get_lost(side, &Unseen::gap, turn);
    const std::uint32_t before = side.frames.content_left();
    if (!side.frames.lose(missing)) return get_lost(side, &Unseen::gap, turn);
    if (const std::uint32_t content = before - side.frames.content_left(); content > 0) {
        if (side.block && side.block->unread == nullptr) lose_block(side, &Unseen::gap);
        if (Http2Stream* stream = find(side.frames.frame().stream);
            stream != nullptr && side.frames.frame().type == FrameType::data)
            stream->lose(side.direction, content, turn);
    }
    Bytes none;
    read_frames(side, none, turn);  // the hole may have reached to the end of the frame
}

void Http2::get_lost(Side& side, std::uint64_t Unseen::*why, Turn& turn) {
    const Bytes waiting = side.finder.take(turn.shelf);
    turn.unseen.*side.lost_as += waiting.size();
    side.bytes += waiting.size();
    if (side.block) {
        lose_block(side, &Unseen::gap);
        end_block(side, turn);
    }
    side.hpack.lose();
    if (side.stage != Stage::lost || side.lost_as != &Unseen::midstream) side.lost_as = why;
    if (side.stage == Stage::frames) turn.unseen.*why += side.frames.waiting();
    if (side.stage != Stage::lost) {
        for (auto& [id, stream] : streams_) stream.lose(side.direction, std::nullopt, turn);
    }
    side.stage = Stage::lost;
}

void Http2::finish(Side& side, Turn& turn) {
    if (side.stage == Stage::over) return;
    if (side.stage == Stage::lost) {
        Bytes none;
        look_for_frames(side, none, true, turn);
    }
    if (side.block) {
        lose_block(side, &Unseen::gap);
        end_block(side, turn);
    }
    side.stage = Stage::over;
    std::vector<std::uint32_t> over;
    const bool all = this->side(flow::opposite(side.direction)).stage == Stage::over;
    for (auto& [id, stream] : streams_) {
        stream.end(side.direction, false, turn);
        if (all || stream.over()) over.push_back(id);
    }
    for (const std::uint32_t id : over) close(id, turn);
}

}  // namespace umbratap::http
