// Server-sent events (WHATWG HTML, 9.2.5-9.2.6), as they arrive.
//
//     event: message␊data: {"jsonrpc":"2.0",␊data: "id":1}␊␊
//     └ field ┘              └ joined with LF ┘           └ a blank line ends the event
//
// Lines end with LF, CR or CR LF, cut anywhere; a BOM at the start and comment lines are skipped.
// An event without data is no text, and one that the end of the stream cuts off is no event. An
// event longer than the limit is handed on in pieces (see http::Text). Nothing but the data and
// the name of one event is ever kept.
#pragma once

#include <array>
#include <cstdint>

#include "base/batch.h"
#include "base/buffer.h"
#include "base/problem.h"
#include "http/items.h"
#include "http/shelf.h"
#include "http/text_collector.h"

namespace umbratap::http {

class SseReader {
public:
    SseReader(std::uint32_t text_bytes_max, Budget& budget) noexcept;

    /// Takes the next bytes of the (decoded) body. Appends Texts of kind `event` whose time, packet
    /// number, exchange and direction are those of `where`. Texts live until the next push that is
    /// for another packet (`where.packet_number`; 0 is always another); so must `data`, which they
    /// may point into.
    ///
    /// sse.name_too_long: the name was cut. sse.line_too_long: a line that is not data, skipped.
    /// http.text_too_long, http.budget_used_up: the data is handed on in pieces.
    Problem push(Bytes data, const Text& where, Batch<Item>& out) noexcept;
    /// A hole: what is there of the event in progress is handed on as damaged, and reading goes on
    /// behind the next blank line.
    void lose(Batch<Item>& out) noexcept;
    /// Still looking for that blank line.
    bool lost() const noexcept { return lost_; }

    static constexpr std::size_t name_bytes_max = 256;
    static constexpr std::size_t other_line_bytes_max = 64 * 1024;

private:
    enum class At : std::uint8_t { start, name, space, value };
    enum class Field : std::uint8_t { data, event, other };
    struct LineEnds;

    const std::uint8_t* skip_mark(const std::uint8_t* at) noexcept;
    const std::uint8_t* read_name(const std::uint8_t* at, const std::uint8_t* end, Turn& turn);
    const std::uint8_t* read_value(const std::uint8_t* at, LineEnds& ends, Turn& turn);
    void begin_field(Turn& turn);
    void take_value(Bytes value, Turn& turn);
    void take_name(Bytes value, Turn& turn);
    void end_line() noexcept;
    void end_event(Turn& turn);
    Text text() const noexcept;

    At at_ = At::start;
    Field field_ = Field::other;
    std::uint8_t mark_length_ = 0;        // bytes of the BOM seen
    std::uint8_t field_name_length_ = 0;  // bytes of the line's field name seen
    std::array<char, 6> field_name_{};
    bool after_cr_ = false;      // a LF that comes next belongs to it
    bool has_data_ = false;      // a data line was seen: the next is joined with LF
    bool lost_ = false;          // skips to the next blank line
    std::uint64_t skipped_ = 0;  // bytes of a line that is not data

    Text where_;  // as of the last push
    TextCollector data_;
    Buffer name_;
    Shelf shelf_;
};

}  // namespace umbratap::http
