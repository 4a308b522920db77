// One body.
#include "http/body.h"

#include <algorithm>

namespace umbratap::http {

namespace {

/// Of white space before a text, whole blocks are not kept. A multiple of four, so that UTF-32
/// stays aligned, and far less than a text may have.
std::uint64_t leading_block_bytes(const Limits& limits) noexcept {
    return std::clamp<std::uint64_t>(limits.text_bytes_max / 8 * 4, 4, 1024);
}

bool is_plain_character(std::uint8_t c) noexcept {
    return (c >= 0x20 && c < 0x7f) || (c >= 9 && c <= 13);
}

}  // namespace

Body::Body(const Limits& limits, Budget& budget) noexcept
    : limits_(&limits), coding_(limits), text_(limits.text_bytes_max, budget) {}

void Body::begin_any(ExchangeId exchange, Direction direction) noexcept {
    exchange_ = exchange;
    direction_ = direction;
    is_ = Is::unclear;
    bytes_ = leading_ = 0;
    start_size_ = mark_size_ = 0;
    coded_ = coding_settled_ = event_stream_ = false;
    text_.drop();
}

void Body::begin(std::string_view codings, bool event_stream, ExchangeId exchange,
                 Direction direction, Turn& turn) {
    begin_any(exchange, direction);
    event_stream_ = event_stream;
    if (codings.empty()) return;
    turn.found(coding_.begin(codings));
    coded_ = !coding_.identity();
}

void Body::begin_events(ExchangeId exchange, Direction direction) {
    begin_any(exchange, direction);
    is_ = Is::events;
    events_ = std::make_shared<SseReader>(limits_->text_bytes_max, text_.budget());
}

/// `already` bytes, and all that follow, are not looked at.
void Body::skip(std::uint64_t Unseen::*why, std::uint64_t already, Turn& turn) noexcept {
    is_ = Is::skipped;
    skipped_as_ = why;
    turn.unseen.*why += already;
    text_.drop();
}

void Body::push(Bytes piece, bool lasting, Turn& turn) noexcept {
    bytes_ += piece.size();
    if (is_ == Is::skipped) {
        turn.unseen.*skipped_as_ += piece.size();
    } else if (is_ != Is::over && !piece.empty()) {
        if (coded_) return push_coded(piece, turn);
        push_plain(piece, lasting, turn);
    }
}

/// Some senders name a coding and do not apply it. Sixteen printable bytes that begin like a text
/// are no coding's.
void Body::push_coded(Bytes piece, Turn& turn) {
    while (!coding_settled_ && !piece.empty() && is_plain_character(piece.front())) {
        start_[start_size_++] = piece.front();
        piece = piece.subspan(1);
        if (start_size_ == start_.size()) settle_coding(false, turn);
    }
    if (piece.empty()) return;
    if (!coding_settled_) settle_coding(false, turn);
    if (is_ == Is::skipped) return;
    if (coded_) return decode(piece, turn);
    push_plain(piece, false, turn);
}

void Body::settle_coding(bool over, Turn& turn) {
    coding_settled_ = true;
    const Bytes start(start_.data(), start_size_);
    const Looks looks = looks_like(start.subspan(leading(start)));
    if ((over || start_size_ == start_.size()) &&
        (looks == Looks::text || looks == Looks::events)) {
        turn.found(Problem{"http.wrong_content_coding"});
        coded_ = false;
        return push_plain(start, false, turn);
    }
    if (!coding_.readable()) return skip(&Unseen::unsupported, bytes_, turn);
    decode(start, turn);
}

void Body::decode(Bytes piece, Turn& turn) {
    std::vector<std::uint8_t> decoded;
    while (is_ != Is::skipped) {
        decoded.clear();
        const Problem problem = coding_.push(piece, decoded);
        if (decoded.empty() && !problem) break;
        if (is_ == Is::events) {
            push_events(turn.shelf.keep(std::move(decoded)), true, turn);
            decoded = {};
        } else if (!decoded.empty()) {
            push_plain(decoded, false, turn);
        }
        if (problem && is_ != Is::skipped) {
            turn.found(problem);
            // How much of it was decoded cannot be told, so all of the body is counted.
            if (is_ == Is::text) text_.end(where(TextKind::body, turn), true, turn);
            skip(problem == Problem{"http.inflate_bomb"} ? &Unseen::budget : &Unseen::unsupported,
                 bytes_, turn);
        }
    }
}

void Body::push_plain(Bytes piece, bool lasting, Turn& turn) {
    if (piece.empty()) return;
    switch (is_) {
        case Is::unclear:
            sniff(piece, lasting, turn);
            break;
        case Is::text:
            text_.add(piece, lasting, where(TextKind::body, turn), turn);
            break;
        case Is::events:
            push_events(piece, lasting, turn);
            break;
        case Is::skipped:
        case Is::over:
            break;
    }
}

void Body::sniff(Bytes piece, bool lasting, Turn& turn) {
    const Text place = where(TextKind::body, turn);
    std::size_t silent = 0;
    if (mark_size_ == 0) {
        silent = leading(piece);
        const std::uint64_t block = leading_block_bytes(*limits_);
        const std::uint64_t dropped = (leading_ + silent) / block * block;
        if (dropped > leading_) {
            text_.drop();
            piece = piece.subspan(dropped - leading_);
            silent -= dropped - leading_;
            leading_ = dropped;
        }
        leading_ += silent;
    }
    const Bytes significant = piece.subspan(silent);
    const std::size_t marked = std::min(significant.size(), mark_.size() - mark_size_);
    std::copy_n(significant.begin(), marked, mark_.begin() + mark_size_);
    mark_size_ = static_cast<std::uint8_t>(mark_size_ + marked);
    Looks looks = looks_like({mark_.data(), mark_size_});
    if (event_stream_ && mark_size_ > 0 && looks != Looks::text) looks = Looks::events;
    switch (looks) {
        case Looks::unclear:
            text_.add(piece, lasting, place, turn);
            break;
        case Looks::text:
            is_ = Is::text;
            text_.add(piece, lasting, place, turn);
            break;
        case Looks::events: {
            const Bytes before = text_.take(place, turn);
            is_ = Is::events;
            events_ = std::make_shared<SseReader>(limits_->text_bytes_max, text_.budget());
            push_events(before, true, turn);
            push_events(piece, lasting, turn);
            break;
        }
        case Looks::other:
            skip(&Unseen::shunted, bytes_, turn);
            break;
    }
}

void Body::push_events(Bytes piece, bool lasting, Turn& turn) {
    if (piece.empty()) return;
    if (!lasting) piece = turn.shelf.keep({piece.begin(), piece.end()});
    turn.found(events_->push(piece, where(TextKind::event, turn), turn.out));
}

void Body::lose(Turn& turn) noexcept {
    if (is_ == Is::over || is_ == Is::skipped) return;
    if (event_stream_ && is_ == Is::unclear && !coded_) {
        is_ = Is::events;
        text_.drop();
        events_ = std::make_shared<SseReader>(limits_->text_bytes_max, text_.budget());
    }
    if (is_ == Is::events && !coded_) return events_->lose(turn.out);
    if (is_ == Is::text) text_.end(where(TextKind::body, turn), true, turn);
    skip(&Unseen::gap, 0, turn);
}

void Body::end(bool whole, Turn& turn) noexcept {
    if (is_ == Is::over) return;
    if (coded_ && !coding_settled_ && start_size_ > 0) settle_coding(true, turn);
    if (coded_ && whole && is_ != Is::skipped) {
        const Problem problem = coding_.end();
        turn.found(problem);
        whole = !problem;
    }
    if (is_ == Is::text) text_.end(where(TextKind::body, turn), !whole, turn);
    if (events_) turn.shelf.keep(std::move(events_));
    events_.reset();
    text_.drop();
    is_ = Is::over;
}

void Body::settle(Turn& turn) noexcept {
    text_.settle(where(TextKind::body, turn), turn);
}

}  // namespace umbratap::http
