// The rhythm of a connection whose records nobody can open: who spoke how much, turn by turn. Sizes
// and directions are what TLS does not hide (RFC 8446, E.3).
//
//     client  ▂▂▂▂      ▂▂▂        ▂▂      a turn: what the client sends until the server answers,
//     server       ▂▂▂      ▂ ▂▂▂▂▂        and all that the server says before the client goes on
//
// Only what lies at the beginning is kept; nothing is copied or deciphered.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/time.h"
#include "flow/stream_chunk.h"

namespace umbratap::tls {

/// Bytes as they were before they were encrypted; exact for AEAD without padding, else an upper
/// bound. What only HTTP/2 says to itself (settings, windows) is left out.
struct Turn {
    Time time;  ///< of the client's first record
    std::uint32_t sent = 0, received = 0;
};

class Rhythm {
public:
    static constexpr std::size_t turns_max = 12;
    static constexpr std::uint32_t bytes_max = 24 * 1024;  ///< of records of both directions
    static constexpr Duration time_max = std::chrono::seconds(20);

    /// Takes the next bytes, hole or end of either direction, from the begin of the connection on.
    void push(const flow::StreamChunk& chunk) noexcept;
    /// All turns that matter are known, or there will be none: nothing more need be pushed.
    bool over() const noexcept { return over_; }
    /// Packet time has reached `now`.
    void tick(Time now) noexcept {
        long_lived_ = !over_ && begun_ && now - begin_ > time_max;
        over_ = over_ || long_lived_;
    }
    /// It was over by time alone: the connection is quiet, and open.
    bool long_lived() const noexcept { return long_lived_; }
    /// Those that the server answered, the first of the connection first.
    std::span<const Turn> turns() const noexcept;
    /// What is only sent in HTTP/2 was seen.
    bool http2() const noexcept { return http2_; }

private:
    struct Half {
        std::array<std::uint8_t, 5> header{};
        std::uint8_t header_bytes = 0;
        std::uint16_t left = 0;  // of the body
    };

    void take_header(Half& half, flow::Direction direction, Time time) noexcept;
    void read_server_hello(Bytes body) noexcept;
    void take_record(flow::Direction direction, std::uint32_t body_bytes, Time time) noexcept;
    void take_request(std::uint32_t bytes, Time time) noexcept;
    void take_answer(std::uint32_t bytes) noexcept;

    std::array<Turn, turns_max> turns_{};
    std::array<Half, 2> halves_{};
    std::uint32_t bytes_ = 0;         // of all records
    std::uint32_t ticket_bytes_ = 0;  // of each record that may be a ticket
    std::uint32_t hello_read_ = 0;    // bytes of the ServerHello
    std::uint8_t session_id_bytes_ = 0, suite_high_ = 0;
    std::uint8_t overhead_ = 0;  // bytes that encryption adds to a record
    std::uint8_t count_ = 0;     // of turns_
    std::uint8_t tickets_ = 0;   // equal records with which the server's answers begin
    std::uint8_t client_handshake_records_ = 0;
    bool has_suite_ = false;  // the server has chosen
    bool tls13_ = false;
    bool client_finished_ = false;
    bool http2_ = false;
    bool over_ = false, begun_ = false, long_lived_ = false;
    Time begin_;
};

}  // namespace umbratap::tls
