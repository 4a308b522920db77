// Puts one text together from the pieces it comes in.
#include "http/text_collector.h"

namespace umbratap::http {

namespace {

/// Bytes of the chunk that follow `piece` may be read, too.
bool has_padding_behind(Bytes piece, Bytes chunk) noexcept {
    const auto* end = piece.data() + piece.size();
    const auto* chunk_end = chunk.data() + chunk.size();
    return piece.data() >= chunk.data() && end <= chunk_end &&
           static_cast<std::size_t>(chunk_end - end) >= readable_padding;
}

}  // namespace

void TextCollector::add(Bytes piece, bool lasting, const Text& where, Turn& turn) noexcept {
    if (piece.empty()) return;
    if (begun_) return hand_on(piece, lasting, where, turn);
    if (lasting && !pending_.empty() && pending_.data() + pending_.size() == piece.data()) {
        pending_ = Bytes(pending_.data(), pending_.size() + piece.size());  // they lie side by side
    } else {
        settle(where, turn);
        if (begun_ || !lasting) return put(piece, lasting, where, turn);
        pending_ = piece;
    }
    if (buffer_.size() + pending_.size() > text_bytes_max_) settle(where, turn);
}

void TextCollector::settle(const Text& where, Turn& turn) noexcept {
    const Bytes piece = std::exchange(pending_, {});
    if (!piece.empty()) put(piece, true, where, turn);
}

/// The buffer takes what it may; what does not fit goes on piece by piece.
void TextCollector::put(Bytes piece, bool lasting, const Text& where, Turn& turn) noexcept {
    if (begun_) return hand_on(piece, lasting, where, turn);
    const std::size_t room = text_bytes_max_ - buffer_.size();
    if (piece.size() <= room) {
        if (buffer_.append(piece, text_bytes_max_)) return;
        turn.found(Problem{"http.budget_used_up"});
    } else {
        turn.found(Problem{"http.text_too_long"});
        if (buffer_.empty()) {
            hand_on(piece.first(room), lasting, where, turn);
            piece = piece.subspan(room);
        } else if (buffer_.append(piece.first(room), text_bytes_max_)) {
            piece = piece.subspan(room);
        }
    }
    flush(where, turn);
    hand_on(piece, lasting, where, turn);
}

void TextCollector::flush(const Text& where, Turn& turn) {
    if (!buffer_.empty()) emit(turn.shelf.keep(buffer_), true, false, where, turn);
}

void TextCollector::hand_on(Bytes piece, bool lasting, const Text& where, Turn& turn) {
    if (piece.empty()) return;
    emit(lasting ? piece : turn.shelf.keep({piece.begin(), piece.end()}), false, false, where,
         turn);
}

void TextCollector::emit(Bytes piece, bool padded, bool last, const Text& where, Turn& turn) {
    Text text = where;
    text.data = piece;
    text.padded = padded;
    text.first = !begun_;
    text.last = last;
    begun_ = !last;
    turn.out.emplace_back(text);
}

void TextCollector::end(const Text& where, bool damaged, Turn& turn) noexcept {
    if (empty()) return;
    if (!begun_ && !buffer_.empty()) settle(where, turn);
    Text last = where;
    last.damaged = damaged;
    if (begun_) {
        emit({}, false, true, last, turn);
    } else if (buffer_.empty()) {
        const Bytes piece = std::exchange(pending_, {});
        emit(piece, has_padding_behind(piece, turn.chunk.data), true, last, turn);
    } else {
        emit(turn.shelf.keep(buffer_), true, true, last, turn);
    }
}

Bytes TextCollector::take(const Text& where, Turn& turn) noexcept {
    if (buffer_.empty()) return std::exchange(pending_, {});
    settle(where, turn);
    return turn.shelf.keep(buffer_);
}

void TextCollector::drop() noexcept {
    buffer_.clear();
    pending_ = {};
    begun_ = false;
}

}  // namespace umbratap::http
