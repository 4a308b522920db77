// What a client says of itself before the connection falls silent: the ClientHello
// (RFC 8446, 4.1.2), in few words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

}  // namespace umbratap::tls
