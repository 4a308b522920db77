// Server-sent events (WHATWG HTML, 9.2.5-9.2.6), as they arrive.
//
// A line is read in three steps, each of which may be interrupted by the end of a piece:
//
//     data: {"jsonrpc"…
//     name └space └ value, to the next line end
//
// Results of MCP are one line of up to megabytes, so the way through a value must be fast: the
// next LF and the next CR of the piece are each looked up once and remembered until they are
// passed, and the bytes in between go to the collector as one view.
#include "http/sse.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace umbratap::http {

namespace {

constexpr std::array<std::uint8_t, 3> byte_order_mark = {0xef, 0xbb, 0xbf};
constexpr std::uint8_t line_feed[] = {'\n'};

}  // namespace

/// Finds line ends of one piece in order. Each byte is looked at twice at most, be the lines as
/// short as they like and even if one of the two characters never comes.
struct SseReader::LineEnds {
    const std::uint8_t* end;
    const std::uint8_t* feed = nullptr;
    const std::uint8_t* carriage_return = nullptr;

    const std::uint8_t* next(const std::uint8_t* from) noexcept {
        return std::min(look_up(feed, '\n', from), look_up(carriage_return, '\r', from));
    }

private:
    const std::uint8_t* look_up(const std::uint8_t*& known, char wanted,
                                const std::uint8_t* from) const noexcept {
        if (known == nullptr || known < from) {
            const void* found = std::memchr(from, wanted, static_cast<std::size_t>(end - from));
            known = found ? static_cast<const std::uint8_t*>(found) : end;
        }
        return known;
    }
};

SseReader::SseReader(std::uint32_t text_bytes_max, Budget& budget) noexcept
    : data_(text_bytes_max, budget), name_(budget), shelf_(budget) {}

Problem SseReader::push(Bytes data, const Text& where, Batch<Item>& out) noexcept {
    if (where.packet_number == 0 || where.packet_number != where_.packet_number) shelf_.clear();
    where_ = where;
    where_.kind = TextKind::event;
    where_.damaged = false;
    if (data.empty()) return no_problem;

    flow::StreamChunk chunk;
    chunk.data = data;
    Unseen unseen;
    Turn turn{chunk, out, shelf_, unseen};
    const std::uint8_t* at = data.data();
    LineEnds ends{at + data.size()};
    while (at < ends.end) {
        if (std::exchange(after_cr_, false) && *at == '\n') {
            ++at;
            continue;
        }
        switch (at_) {
            case At::start:
                at = skip_mark(at);
                break;
            case At::name:
                at = read_name(at, ends.end, turn);
                break;
            case At::space:
                if (*at == ' ') ++at;
                at_ = At::value;
                break;
            case At::value:
                at = read_value(at, ends, turn);
                break;
        }
    }
    data_.settle(text(), turn);
    return turn.problem;
}

/// What is handed on now would be described so.
Text SseReader::text() const noexcept {
    Text text = where_;
    text.event_name = as_text(name_.bytes());
    return text;
}

/// The BOM is at the start of the stream or nowhere. A part of it is the name of an unknown field.
const std::uint8_t* SseReader::skip_mark(const std::uint8_t* at) noexcept {
    if (*at == byte_order_mark[mark_length_]) {
        if (++mark_length_ == byte_order_mark.size()) at_ = At::name;
        return at + 1;
    }
    at_ = mark_length_ == 0 ? At::name : At::value;
    return at;
}

const std::uint8_t* SseReader::read_name(const std::uint8_t* at, const std::uint8_t* end,
                                         Turn& turn) {
    for (; at < end; ++at) {
        if (*at == ':') {
            begin_field(turn);
            at_ = At::space;
            return at + 1;
        }
        if (*at == '\n' || *at == '\r') {
            after_cr_ = *at == '\r';
            if (field_name_length_ == 0) {
                end_event(turn);
            } else {
                begin_field(turn);  // a field without colon has an empty value
                end_line();
            }
            return at + 1;
        }
        if (field_name_length_ == field_name_.size()) {  // longer than any name that matters
            begin_field(turn);
            at_ = At::value;
            return at;
        }
        field_name_[field_name_length_++] = static_cast<char>(*at);
    }
    return at;
}

const std::uint8_t* SseReader::read_value(const std::uint8_t* at, LineEnds& ends, Turn& turn) {
    const std::uint8_t* const line_end = ends.next(at);
    take_value({at, line_end}, turn);
    if (line_end == ends.end) return line_end;
    after_cr_ = *line_end == '\r';
    end_line();
    return line_end + 1;
}

void SseReader::begin_field(Turn& turn) {
    const std::string_view name(field_name_.data(), field_name_length_);
    field_ = Field::other;
    if (lost_) return;
    if (name == "data") {
        field_ = Field::data;
        if (std::exchange(has_data_, true)) data_.add(line_feed, true, text(), turn);
    } else if (name == "event") {
        field_ = Field::event;
        if (!name_.empty()) shelf_.keep(name_);  // the last one counts; pieces may bear this one
    }
}

void SseReader::take_value(Bytes value, Turn& turn) {
    switch (field_) {
        case Field::data:
            data_.add(value, true, text(), turn);
            break;
        case Field::event:
            take_name(value, turn);
            break;
        case Field::other:  // comments, ids, retry times, unknown ones: passed over, nothing kept
            if (skipped_ <= other_line_bytes_max &&
                skipped_ + value.size() > other_line_bytes_max) {
                turn.found(Problem{"sse.line_too_long"});
            }
            skipped_ += value.size();
            break;
    }
}

void SseReader::take_name(Bytes value, Turn& turn) {
    const std::size_t room = name_bytes_max - name_.size();
    if (value.size() > room) {
        value = value.first(room);
        turn.found(Problem{"sse.name_too_long"});
    }
    if (!name_.append(value, name_bytes_max)) turn.found(Problem{"http.budget_used_up"});
}

void SseReader::end_line() noexcept {
    at_ = At::name;
    field_name_length_ = 0;
    skipped_ = 0;
}

/// An event whose data is empty, such as the priming event of MCP 2025-11-25 (`id` alone), is
/// nothing to look at. (A browser would dispatch one that has an empty `data` line.)
void SseReader::end_event(Turn& turn) {
    data_.end(text(), lost_, turn);
    if (!name_.empty()) shelf_.keep(name_);
    has_data_ = false;
    lost_ = false;
}

void SseReader::lose(Batch<Item>& out) noexcept {
    const flow::StreamChunk hole;
    Unseen unseen;
    Turn turn{hole, out, shelf_, unseen};
    lost_ = true;
    end_event(turn);
    // Somewhere in a line: its end is no blank line, whatever comes first behind the hole.
    lost_ = true;
    after_cr_ = false;
    at_ = At::value;
    field_ = Field::other;
    skipped_ = 0;
}

}  // namespace umbratap::http
