// What a TLS connection says of itself before it falls silent: the ClientHello (RFC 8446, 4.1.2).
//
//     record:   22 | version 2 | length 2 | a piece of handshake messages
//     message:   1 | length 3  | ClientHello                may be spread over many records
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "tls/fingerprint.h"

namespace umbratap::tls {

struct Hello {
    std::string server_name;             ///< SNI (RFC 6066, 3), lower case, no trailing dot; see
                                         ///< ClientHello::server_name; empty where absent
    std::vector<std::string> protocols;  ///< ALPN (RFC 7301) as offered
    std::uint16_t version = 0;  ///< highest offered (supported_versions, else legacy_version)
    bool encrypted_client_hello = false;  ///< ECH extension seen: the name may be the outer one
    std::string ja3, ja4;                 ///< fingerprints of the client
};

struct ClientHello;
/// `whole`: the message was not broken, and hence has fingerprints.
Hello summary_of(ClientHello&& sent, bool whole, Transport transport);

/// Reads a ClientHello message (`body`: behind its handshake header) as far as it is sound.
/// Problems are those of ClientHello.
Problem read_client_hello(Bytes body, Transport transport, Hello& hello) noexcept;

/// True if `start`, the first bytes of a direction, can be the beginning of a TLS record (any
/// version) or of a hello in the form of SSL 2. Five bytes decide.
bool looks_like_tls(Bytes start) noexcept;
/// The latter alone (RFC 5246, E.2).
bool can_be_ssl_2(Bytes start) noexcept;

/// Reads handshake records from the client until the ClientHello is complete, however it is cut.
class HelloReader {
public:
    explicit HelloReader(Budget& budget) noexcept : buffer_(budget) {}

    /// not_tls: what comes first is no ClientHello. That is no problem of itself: a capture may
    /// have begun in the middle.
    enum class State : std::uint8_t { reading, done, not_tls };
    /// Takes the next bytes of the client's direction. After `done`, `hello()` is filled, as far as
    /// the message is sound; a hello in the form of SSL 2 (RFC 5246, E.2) has a version only.
    ///
    /// tls.bad_record, tls.hello_too_long, tls.budget_used_up: not_tls.
    /// tls.empty_record, and those of ClientHello: read on.
    Problem push(Bytes data) noexcept;
    State state() const noexcept { return state_; }
    const Hello& hello() const noexcept { return hello_; }

    static constexpr std::size_t hello_bytes_max = 64 * 1024;

private:
    Problem begin_record() noexcept;
    Problem take_fragment(Bytes fragment) noexcept;
    Problem finish() noexcept;
    Problem give_up(Problem why) noexcept;

    std::array<std::uint8_t, 5> header_{};  // of the record
    std::uint8_t header_size_ = 0;
    std::size_t remaining_ = 0;  // of the record
    Buffer buffer_;              // the message
    Hello hello_;
    State state_ = State::reading;
};

}  // namespace umbratap::tls
