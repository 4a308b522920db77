// One body: content codings are taken off, the first bytes say what it is, and then it is collected
// as a text, read as server-sent events, or skipped and counted.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "http/content_coding.h"
#include "http/sniff.h"
#include "http/sse.h"
#include "http/text_collector.h"

namespace umbratap::http {

class Body {
public:
    Body(const Limits& limits, Budget& budget) noexcept;

    /// `codings` as of body_codings(). `event_stream`: by its content type.
    void begin(std::string_view codings, bool event_stream, ExchangeId exchange,
               Direction direction, Turn& turn);
    /// A body that is known to be server-sent events.
    void begin_events(ExchangeId exchange, Direction direction);

    /// `lasting`: the bytes live until the end of the turn.
    void push(Bytes piece, bool lasting, Turn& turn) noexcept;
    /// A hole. What can go on behind it does; of the rest, what is there is handed on as damaged.
    void lose(Turn& turn) noexcept;
    /// The body is over, `whole` or not.
    void end(bool whole, Turn& turn) noexcept;
    /// At the end of each turn.
    void settle(Turn& turn) noexcept;

    Budget& budget() const noexcept { return text_.budget(); }
    bool is_events() const noexcept { return is_ == Is::events; }
    bool open() const noexcept { return is_ != Is::over; }
    bool skipped() const noexcept { return is_ == Is::skipped; }
    ExchangeId exchange() const noexcept { return exchange_; }
    std::uint64_t bytes() const noexcept { return bytes_; }  ///< as sent

private:
    enum class Is : std::uint8_t { unclear, text, events, skipped, over };

    Text where(TextKind kind, const Turn& turn) const noexcept {
        return turn.text(exchange_, kind, direction_);
    }
    void begin_any(ExchangeId exchange, Direction direction) noexcept;
    void push_coded(Bytes piece, Turn& turn);
    void settle_coding(bool over, Turn& turn);
    void decode(Bytes piece, Turn& turn);
    void push_plain(Bytes piece, bool lasting, Turn& turn);
    void sniff(Bytes piece, bool lasting, Turn& turn);
    void push_events(Bytes piece, bool lasting, Turn& turn);
    void skip(std::uint64_t Unseen::*why, std::uint64_t already, Turn& turn) noexcept;

    const Limits* limits_;
    Is is_ = Is::over;
    bool event_stream_ = false;
    bool coded_ = false;
    bool coding_settled_ = false;  // it is no plain text under a wrong label
    Direction direction_ = Direction::to_server;
    ExchangeId exchange_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t Unseen::*skipped_as_ = &Unseen::shunted;
    ContentCoding coding_;
    std::array<std::uint8_t, 16> start_{};  // of a coded body, until it is clear that it is one
    std::uint8_t start_size_ = 0;
    std::array<std::uint8_t, 8> mark_{};  // the first bytes that say something
    std::uint8_t mark_size_ = 0;
    std::uint64_t leading_ = 0;  // how many before them said nothing
    TextCollector text_;
    std::shared_ptr<SseReader> events_;
};

}  // namespace umbratap::http
