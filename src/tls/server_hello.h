// A ServerHello message as it was sent (RFC 8446, 4.1.3; RFC 5246, 7.4.1.3).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/problem.h"

namespace umbratap::tls {

struct ServerHello {
    std::uint16_t legacy_version = 0;
    std::uint16_t version = 0;  ///< supported_versions, else legacy_version
    Bytes random;               ///< 32 bytes, or empty; lives as long as the message, as the next
    Bytes session_id;
    std::uint16_t cipher_suite = 0;
    std::vector<std::uint16_t> extensions;  ///< in the order sent
    std::string protocol;                   ///< ALPN, as chosen; TLS 1.3 says it elsewhere
    bool retry_request = false;             ///< a HelloRetryRequest: another hello will follow
    bool encrypt_then_mac = false;          ///< RFC 7366
    bool extended_master_secret = false;    ///< RFC 7627
    bool truncated_hmac = false;            ///< RFC 6066, 7
    bool compressed = false;                ///< by a method of RFC 3749
    bool pre_shared_key = false;            ///< TLS 1.3 resumes, or begins with a key of its own
};

/// Reads the body of the message. What stands before the place that is broken is filled in.
///
/// tls.bad_server_hello
Problem decode(Bytes body, ServerHello& hello) noexcept;

struct EncryptedExtensions {
    std::string protocol;     ///< ALPN, as chosen
    bool early_data = false;  ///< 0-RTT was accepted
};
/// tls.bad_encrypted_extensions
Problem decode(Bytes body, EncryptedExtensions& extensions) noexcept;

}  // namespace umbratap::tls
