// Chunks that cannot be read yet.
#include "tls/waiting.h"

namespace umbratap::tls {

bool Waiting::add(const flow::StreamChunk& chunk, Bytes first, std::size_t bytes_max) {
    Piece* last = pieces_.empty() ? nullptr : &pieces_.back();
    const bool joins = last != nullptr && last->direction == chunk.direction &&
                       last->packet_number == chunk.packet_number && !last->end &&
                       last->missing == 0 && chunk.missing == 0;
    const std::size_t size = first.size() + chunk.data.size();
    std::size_t& charged = charged_[flow::index(chunk.direction)];
    const std::size_t charge = size + (joins ? 0 : sizeof(Piece));
    if (charge > bytes_max || charged > bytes_max - charge) return false;
    if (!bytes_.append(first, SIZE_MAX) || !bytes_.append(chunk.data, SIZE_MAX)) return false;
    charged += charge;
    if (joins) {
        last->size += static_cast<std::uint32_t>(size);
        last->end = chunk.end;
        return true;
    }
    pieces_.push_back({chunk.time, chunk.packet_number, chunk.missing,
                       static_cast<std::uint32_t>(size), chunk.direction, chunk.end});
    return true;
}

bool Waiting::take(flow::StreamChunk& chunk) noexcept {
    if (next_piece_ == pieces_.size()) return false;
    const Piece& piece = pieces_[next_piece_++];
    chunk = {};
    chunk.time = piece.time;
    chunk.packet_number = piece.packet_number;
    chunk.missing = piece.missing;
    chunk.direction = piece.direction;
    chunk.end = piece.end;
    chunk.data = bytes_.bytes().subspan(next_byte_, piece.size);
    next_byte_ += piece.size;
    return true;
}

}  // namespace umbratap::tls
