// Server-sent events (WHATWG HTML, 9.2.5-9.2.6), as they arrive.
//
//     event: message␊data: {"jsonrpc":"2.0",␊data: "id":1}␊␊
//     └ field ┘              └ joined with LF ┘           └ a blank line ends the event
//
// Lines end with LF, CR or CR LF, cut anywhere; a BOM at the start and comment lines are skipped. An event that the end
// of the stream cuts off is no event. An event longer than the limit is handed on in pieces (see http::Text).
#pragma once

#include <cstdint>
#include <string>

#include "base/batch.h"
#include "base/buffer.h"
#include "base/problem.h"
#include "http/items.h"

namespace umbratap::http {

class SseReader {
public:
    SseReader(std::uint32_t text_bytes_max, Budget& budget) noexcept;

    /// Takes the next bytes of the (decoded) body. Appends Texts of kind `event` whose time, packet number, exchange and
    /// direction are those of `where`. Texts live until the next push.
    Problem push(Bytes data, const Text& where, Batch<Item>& out) noexcept;
    /// A hole: the event in progress is dropped, and reading goes on behind the next blank line.
    void lose(Batch<Item>& out) noexcept;

private:
    // to be shaped by its author
    std::uint32_t text_bytes_max_;
    Buffer data_;
};

}  // namespace umbratap::http
