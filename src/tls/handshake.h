// Handshake messages out of the records that carry them, one direction (RFC 8446, 4).
//
//     type 1 | length 3 | body          a record holds many, or a piece of one
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/problem.h"

namespace umbratap::tls {

namespace message_type {
inline constexpr std::uint8_t hello_request = 0, client_hello = 1, server_hello = 2,
                              new_session_ticket = 4, end_of_early_data = 5,
                              encrypted_extensions = 8, certificate = 11, server_key_exchange = 12,
                              server_hello_done = 14, client_key_exchange = 16, finished = 20,
                              key_update = 24, compressed_certificate = 25;
}

struct Message {
    std::uint8_t type = 0;
    Bytes bytes;  ///< header and body; empty if the message was not kept
    Bytes body() const noexcept { return bytes.empty() ? bytes : bytes.subspan(4); }
};

class MessageReader {
public:
    explicit MessageReader(Budget& budget) noexcept : kept_(budget) {}

    /// Takes the next message from the front of `fragment`, the content of a handshake record. It
    /// lives until the next call, as long as `fragment` does. Nothing: `fragment` is used up.
    ///
    /// Messages that nobody here reads are skipped and come with `bytes` empty, unless `keep_all`.
    /// So do those of more than `bytes_max`: tls.message_too_long, tls.budget_used_up.
    std::optional<Message> next(Bytes& fragment, std::size_t bytes_max, bool keep_all,
                                Problem& problem) noexcept;
    /// Forgets a message that is not whole: bytes were lost.
    void clear() noexcept;
    /// A message is not whole yet.
    bool amid_message() const noexcept { return header_size_ > 0; }

private:
    Buffer kept_;
    std::array<std::uint8_t, 4> header_{};
    std::uint8_t header_size_ = 0;
    bool skipping_ = false;
    bool handed_out_ = false;    // `kept_` is the message of the last call
    std::size_t remaining_ = 0;  // of the body
};

}  // namespace umbratap::tls
