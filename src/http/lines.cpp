// JSON texts on a bare stream, one a line.
#include "http/lines.h"

#include <algorithm>

#include "http/sniff.h"

namespace umbratap::http {

bool plausible_line(Bytes line) noexcept {
    std::string_view text = as_text(line);
    while (!text.empty() && (text.back() == '\r' || text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text.size() > 2 && text.front() == '{' && text.back() == '}' &&
           text.find('"') != std::string_view::npos;
}

Lines::Lines(const Limits& limits, Budget& budget) noexcept
    : sides_{Side(limits, budget), Side(limits, budget)} {}

void Lines::push(const flow::StreamChunk& chunk, Turn& turn) noexcept {
    Side& side = sides_[flow::index(chunk.direction)];
    const Text where = turn.text(0, TextKind::line, chunk.direction);
    if (chunk.missing > 0) {
        side.text.end(where, true, turn);
        side.in = In::lost;
    }
    read(side, chunk.data, where, turn);
    if (chunk.end) side.text.end(where, false, turn);
    side.text.settle(where, turn);
}

void Lines::read(Side& side, Bytes data, const Text& where, Turn& turn) {
    while (!data.empty()) {
        const void* found = std::memchr(data.data(), '\n', data.size());
        const bool ends = found != nullptr;
        const std::size_t length =
            ends ? static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - data.data())
                 : data.size();
        Bytes line = data.first(length);
        data = data.subspan(length + (ends ? 1 : 0));
        if (side.in == In::start) {
            line = line.subspan(leading(line));
            if (!line.empty()) side.in = looks_like(line) == Looks::text ? In::text : In::other;
        }
        if (side.in == In::text) side.text.add(line, true, where, turn);
        if (side.in == In::other) turn.unseen.shunted += line.size();
        if (side.in == In::lost) turn.unseen.gap += line.size();
        if (!ends) continue;
        if (side.in == In::text) side.text.end(where, false, turn);
        side.in = In::start;
    }
}

}  // namespace umbratap::http
