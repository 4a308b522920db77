// Puts one text together from the pieces it comes in.
//
// A text that comes in one piece is handed on where it lies, without a copy; otherwise it is
// collected in a Buffer that is charged to the budget. Beyond `text_bytes_max`, or if the budget is
// used up, what is there is handed on with `last` false, and the rest piece by piece as it comes
// (see http::Text); the last piece may be empty.
#pragma once

#include "http/turn.h"

namespace umbratap::http {

class TextCollector {
public:
    TextCollector(std::uint32_t text_bytes_max, Budget& budget) noexcept
        : text_bytes_max_(text_bytes_max), budget_(&budget), buffer_(budget) {}

    /// Takes the next piece of the text that `where` describes. A piece that is not `lasting` is
    /// copied at once; others must live until the end of the turn.
    void add(Bytes piece, bool lasting, const Text& where, Turn& turn) noexcept;
    /// The text is over: hands it on. Nothing is handed on if nothing was added.
    void end(const Text& where, bool damaged, Turn& turn) noexcept;
    /// At the end of each turn: copies what would not live longer.
    void settle(const Text& where, Turn& turn) noexcept;
    void drop() noexcept;

    Budget& budget() const noexcept { return *budget_; }
    bool empty() const noexcept { return !begun_ && buffer_.empty() && pending_.empty(); }
    /// What is there (at most `text_bytes_max`), taken out; lives until the next turn.
    Bytes take(const Text& where, Turn& turn) noexcept;

private:
    void put(Bytes piece, bool lasting, const Text& where, Turn& turn) noexcept;
    void flush(const Text& where, Turn& turn);
    void hand_on(Bytes piece, bool lasting, const Text& where, Turn& turn);
    void emit(Bytes piece, bool padded, bool last, const Text& where, Turn& turn);

    std::uint32_t text_bytes_max_;
    Budget* budget_;
    bool begun_ = false;  // its first part was handed on: the rest goes piece by piece
    Buffer buffer_;
    Bytes pending_;  // behind buffer_, not copied yet
};

}  // namespace umbratap::http
