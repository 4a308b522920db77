// A ClientHello message as it was sent, field by field (RFC 8446, 4.1.2).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/problem.h"

namespace umbratap::tls {

struct ClientHello {
    std::uint16_t legacy_version = 0;
    Bytes random;  ///< 32 bytes, or empty; lives as long as the message, as the next two
    Bytes session_id;
    Bytes ticket;             ///< session_ticket (RFC 5077, 3.2): to be resumed, unless empty
    bool early_data = false;  ///< 0-RTT data follows (RFC 8446, 4.2.10)
    std::vector<std::uint16_t> cipher_suites;
    std::vector<std::uint16_t> extensions;  ///< in the order sent
    std::vector<std::uint16_t> groups;      ///< supported_groups (RFC 8422, 5.1.1)
    std::vector<std::uint8_t> point_formats;
    std::vector<std::uint16_t> signature_algorithms;
    std::vector<std::uint16_t> versions;  ///< supported_versions; empty where absent
    /// SNI, the first host_name: lower case, no trailing dot. What no name holds is written as
    /// \DDD; a name that is too long is cut and ends with "\...".
    std::string server_name;
    std::vector<std::string> protocols;  ///< ALPN, as offered, up to `protocols_max`
    bool has_server_name = false;        ///< the extension was there
    bool encrypted_client_hello = false;

    static constexpr std::size_t protocols_max = 64;
    static constexpr std::size_t name_bytes_max = 255;
};

/// Reads the body of the message (behind the four bytes of the handshake header). What stands
/// before the place that is broken is filled in.
///
/// tls.bad_hello, tls.bad_extension, tls.repeated_extension (the first counts),
/// tls.several_server_names (the first counts), tls.bad_server_name, tls.too_many_protocols
Problem decode(Bytes body, ClientHello& hello) noexcept;

/// Values that mean nothing and are sent lest anyone relies on their absence (RFC 8701).
constexpr bool is_grease(std::uint16_t value) noexcept {
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/// The highest version offered: supported_versions if there, else legacy_version.
std::uint16_t highest_version(const ClientHello& hello) noexcept;

}  // namespace umbratap::tls
