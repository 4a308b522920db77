// HTTP/2 on one connection, both directions (RFC 9113).
//
// See http2.cpp for how it is read, and http2_lost.cpp for what happens after a hole.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "http/http2_finder.h"
#include "http/http2_frames.h"
#include "http/http2_head.h"
#include "http/http2_hpack.h"
#include "http/http2_stream.h"

namespace umbratap::http {

class Http2 {
public:
    /// How much is known of a direction when reading begins.
    enum class Start : std::uint8_t {
        fresh,    ///< it begins here: the preface of a client, SETTINGS of a server
        in_step,  ///< a frame begins here
        lost,     ///< a frame has to be found
    };

    /// Exchanges count from `last_exchange` + 1.
    Http2(const Limits& limits, Budget& budget, ExchangeId last_exchange) noexcept;
    Http2(const Http2&) = delete;

    /// Before the first push of that direction. Without it, it is fresh.
    void start(Direction direction, Start start) noexcept;
    /// The connection was upgraded (RFC 7540, 3.2): stream 1 answers a request that went in
    /// `requests`, with a body of so many bytes.
    void upgraded(Direction requests, ExchangeId exchange, std::uint64_t request_bytes);

    /// Takes bytes, hole or end. Not for chunks marked `alternate`.
    void push(const flow::StreamChunk& chunk, Turn& turn) noexcept;

    bool reversed() const noexcept { return requests_ == Direction::to_client; }

private:
    enum class Stage : std::uint8_t { preface, frames, lost, over };

    /// A field block that is being read, from HEADERS or PUSH_PROMISE to END_HEADERS.
    struct Block {
        Block(const Limits& limits, const FrameHeader& frame) noexcept
            : fields(limits), start(frame) {}
        Http2Fields fields;
        FrameHeader start;
        std::uint32_t promised = 0;
        std::uint32_t continuations = 0;
        std::uint64_t bytes = 0;
        std::uint64_t Unseen::*unread = nullptr;  // why its bytes cannot be decoded
    };

    /// How many there were in this second.
    struct Rate {
        std::int64_t second = -1;
        std::uint32_t count = 0;
        bool told = false;
    };

    struct Side {
        Side(Budget& budget, Direction d) noexcept : direction(d), finder(budget), hpack(budget) {}
        Direction direction;
        Stage stage = Stage::preface;
        std::uint8_t preface_bytes = 0;
        std::uint64_t bytes = 0;
        std::uint64_t Unseen::*lost_as = &Unseen::midstream;
        FrameReader frames;
        FrameFinder finder;
        HpackDecoder hpack;
        std::optional<Block> block;
        Rate resets, settings, pings;
    };

    Side& side(Direction direction) noexcept { return sides_[flow::index(direction)]; }
    Direction requests() const noexcept { return requests_.value_or(Direction::to_server); }

    void read(Side& side, Bytes data, Turn& turn);
    void read_preface(Side& side, Bytes& data, Turn& turn);
    void read_frames(Side& side, Bytes& data, Turn& turn);
    void begin_frame(Side& side, Turn& turn);
    void take_content(Side& side, Bytes content, Turn& turn);
    void end_frame(Side& side, Turn& turn);

    void begin_data(const Side& side, Turn& turn);
    void begin_block(Side& side, Turn& turn);
    void continue_block(Side& side, Turn& turn);
    static void lose_block(Side& side, std::uint64_t Unseen::*why);
    void end_block(Side& side, Turn& turn);
    void on_head(Side& side, Block& block, Turn& turn);
    void tell_head(Http2Stream& stream, Head head, std::string_view protocol, bool pushed,
                   Turn& turn);
    void count(Rate& rate, std::uint32_t most, const char* flood, Turn& turn);

    Http2Stream* find(std::uint32_t id) noexcept;
    Http2Stream* open(std::uint32_t id, Turn& turn);
    bool was_closed(std::uint32_t id) const noexcept;
    void end_side(std::uint32_t id, Direction direction, Turn& turn);
    void close(std::uint32_t id, Turn& turn);

    void look_for_frames(Side& side, Bytes& data, bool end, Turn& turn);
    void lose(Side& side, std::uint64_t missing, Turn& turn);
    void get_lost(Side& side, std::uint64_t Unseen::*why, Turn& turn);
    void finish(Side& side, Turn& turn);

    const Limits* limits_;
    Budget* budget_;
    std::array<Side, 2> sides_;
    std::optional<Direction> requests_;  // the direction they go, once one was seen
    ExchangeId last_exchange_;
    std::map<std::uint32_t, Http2Stream> streams_;  // the oldest first
    std::array<std::uint32_t, 64> closed_{};        // frames of these may still be under way
    std::size_t closed_next_ = 0;
    std::uint32_t unsettled_ = 0;  // the stream whose DATA came last in this turn
    bool too_many_told_ = false;
};

}  // namespace umbratap::http
