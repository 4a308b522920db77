// The rhythm of a connection whose records nobody can open.
//
// Of the handshake only the ServerHello is looked at, for the cipher suite, which says how much
// longer a record is than what is inside. In TLS 1.3 the rest of the handshake is in records of
// application data, too: the server's ends where the client's Finished comes, which is known by its
// size; then the server may send tickets, equally long ones, before it answers.
#include "tls/rhythm.h"

#include <algorithm>

#include "tls/record.h"
#include "tls/suite.h"

namespace umbratap::tls {

using flow::Direction;
using flow::StreamChunk;

namespace {

constexpr std::size_t at_session_id = 4 + 2 + 32;  // of a ServerHello, with its header
constexpr std::uint8_t server_hello_type = 2;
constexpr std::uint32_t ticket_bytes_max = 2048, ticket_bytes_min = 60;
constexpr std::uint8_t client_handshake_records_max = 4;  // with a certificate of the client

/// Bytes of a record's body beside its content.
std::uint8_t overhead_of(const Suite& suite) noexcept {
    if (suite.tls13) return static_cast<std::uint8_t>(suite.tag_bytes + 1);  // and the type
    if (suite.mode == Mode::aead) {
        const bool chacha = suite.cipher == Cipher::chacha20_poly1305;
        return static_cast<std::uint8_t>(suite.tag_bytes + (chacha ? 0 : 8));
    }
    return static_cast<std::uint8_t>(suite.block_bytes + hash_bytes(suite.mac) + 1);
}

/// Alerts, the end of a chunked body, and frames of HTTP/2 that carry nothing: SETTINGS, PING,
/// WINDOW_UPDATE, RST_STREAM, an empty DATA, and two of them.
bool says_nothing(std::uint32_t bytes) noexcept {
    static constexpr std::array<std::uint8_t, 9> sizes = {0, 2, 5, 9, 13, 17, 18, 22, 26};
    return std::find(sizes.begin(), sizes.end(), bytes) != sizes.end();
}

/// Finished: four bytes and a hash.
bool is_finished(std::uint32_t bytes) noexcept {
    return bytes == 4 + 32 || bytes == 4 + 48;
}

}  // namespace

void Rhythm::push(const StreamChunk& chunk) noexcept {
    if (over_ || chunk.alternate) return;
    if (!begun_) begin_ = chunk.time;
    begun_ = true;
    if (chunk.missing > 0) over_ = true;  // where the next record begins is not known
    tick(chunk.time);
    Half& half = halves_[flow::index(chunk.direction)];
    Bytes data = chunk.data;
    while (!data.empty() && !over_) {
        if (half.left > 0) {
            const Bytes body = data.first(std::min<std::size_t>(half.left, data.size()));
            if (chunk.direction == Direction::to_client && !has_suite_) read_server_hello(body);
            half.left = static_cast<std::uint16_t>(half.left - body.size());
            data = data.subspan(body.size());
            continue;
        }
        half.header[half.header_bytes++] = data.front();
        data = data.subspan(1);
        if (half.header_bytes == half.header.size()) {
            half.header_bytes = 0;
            take_header(half, chunk.direction, chunk.time);
        }
    }
}

void Rhythm::take_header(Half& half, Direction direction, Time time) noexcept {
    half.left = big_endian_16(&half.header[3]);
    const std::uint8_t type = half.header[0];
    bytes_ += record_header_bytes + half.left;
    if (!can_be_record(half.header) || bytes_ > bytes_max) {
        over_ = true;
    } else if (type == record_type::application_data) {
        take_record(direction, half.left, time);
    }
}

/// Takes the suite out of the first message of the server, whatever follows in the same record.
void Rhythm::read_server_hello(Bytes body) noexcept {
    for (const std::uint8_t byte : body) {
        const std::size_t at = hello_read_++;
        if (at == 0 && byte != server_hello_type) {
            over_ = true;
            return;
        }
        if (at == at_session_id) session_id_bytes_ = byte;
        if (at == at_session_id + 1U + session_id_bytes_) {
            suite_high_ = byte;
        } else if (at == at_session_id + 2U + session_id_bytes_) {
            const Suite suite = find_suite(static_cast<std::uint16_t>(suite_high_ << 8 | byte));
            overhead_ = overhead_of(suite);
            tls13_ = suite.tls13;
            has_suite_ = true;
            over_ = suite.mode == Mode::none;
            return;
        }
    }
}

void Rhythm::take_record(Direction direction, std::uint32_t body_bytes, Time time) noexcept {
    if (!has_suite_) {
        over_ = true;  // early data, or the hello was not understood
        return;
    }
    const std::uint32_t bytes = body_bytes - std::min<std::uint32_t>(overhead_, body_bytes);
    const bool from_client = direction == Direction::to_server;
    if (tls13_ && !client_finished_) {
        if (!from_client) return;  // the server's part of the handshake
        client_finished_ =
            is_finished(bytes) || ++client_handshake_records_ == client_handshake_records_max;
        return;
    }
    if (says_nothing(bytes)) {
        http2_ = http2_ || bytes == 9 || bytes == 13 || bytes == 18 || bytes == 22;
    } else if (from_client) {
        take_request(bytes, time);
    } else {
        take_answer(bytes);
    }
}

void Rhythm::take_request(std::uint32_t bytes, Time time) noexcept {
    if (count_ == 0 || turns_[count_ - 1U].received > 0) {
        if (count_ == turns_max) {
            over_ = true;
            return;
        }
        turns_[count_++].time = time;
    }
    turns_[count_ - 1U].sent += bytes;
}

void Rhythm::take_answer(std::uint32_t bytes) noexcept {
    if (count_ == 0) {
        ticket_bytes_ = ticket_bytes_max + 1;  // tickets came, and will not come again
        return;
    }
    Turn& turn = turns_[count_ - 1U];
    turn.received += bytes;
    if (count_ > 1 || !tls13_ || ticket_bytes_ > ticket_bytes_max) return;
    if (ticket_bytes_ == 0) ticket_bytes_ = bytes;
    if (bytes != ticket_bytes_ || bytes < ticket_bytes_min || bytes > ticket_bytes_max) {
        ticket_bytes_ = ticket_bytes_max + 1;
        return;
    }
    if (++tickets_ == 1) return;  // one alone may be the answer
    turn.received -= tickets_ == 2 ? 2 * bytes : bytes;
}

std::span<const Turn> Rhythm::turns() const noexcept {
    const bool unanswered = count_ > 0 && turns_[count_ - 1U].received == 0;
    return {turns_.data(), count_ - (unanswered ? 1U : 0U)};
}

}  // namespace umbratap::tls
