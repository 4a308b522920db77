// What a TLS connection says of itself before it falls silent: the ClientHello (RFC 8446, 4.1.2).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/batch.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "flow/stream_chunk.h"

namespace umbratap::tls {

struct Hello {
    std::string server_name;                 ///< SNI (RFC 6066, 3), lower case, no trailing dot; empty where absent
    std::vector<std::string> protocols;      ///< ALPN (RFC 7301) as offered
    std::uint16_t version = 0;               ///< highest offered (supported_versions, else legacy_version)
    bool encrypted_client_hello = false;     ///< ECH extension seen: the name is only the outer one
    std::string ja3, ja4;                    ///< fingerprints of the client
};

/// True if `start`, the first bytes of a direction, can be the beginning of a TLS record (any version).
bool looks_like_tls(Bytes start) noexcept;

/// Reads handshake records from the client until the ClientHello is complete, however it is cut.
class HelloReader {
public:
    explicit HelloReader(Budget& budget) noexcept : buffer_(budget) {}

    enum class State : std::uint8_t { reading, done, not_tls };
    /// Takes the next bytes of the client's direction. After `done`, `hello()` is filled.
    Problem push(Bytes data) noexcept;
    State state() const noexcept { return state_; }
    const Hello& hello() const noexcept { return hello_; }

    static constexpr std::size_t hello_bytes_max = 64 * 1024;

private:
    Buffer buffer_;
    Hello hello_;
    State state_ = State::reading;
};

}  // namespace umbratap::tls
