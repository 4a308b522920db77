// Lines of a TLS key log (RFC 9850), and the older forms that Wireshark takes too:
//
//     CLIENT_RANDOM <random, 32 bytes> <master secret>
//     CLIENT_TRAFFIC_SECRET_0 <random, 32 bytes> <secret>            and its like
//     RSA <first 8 bytes of the encrypted pre-master secret> <pre-master secret>
//     RSA Session-ID:<session id> Master-Key:<master secret>
//
// Bytes are hexadecimal digits. Nothing here keeps anything.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "tls/secret.h"

namespace umbratap::tls {

/// What a secret is, and hence what names the connection that it belongs to.
enum class Label : std::uint8_t {
    client_random,         ///< the master secret of TLS 1.2 and before; by client random
    client_early_traffic,  ///< TLS 1.3; by client random, as the next four
    client_handshake_traffic,
    server_handshake_traffic,
    client_traffic_0,
    server_traffic_0,
    other,             ///< known to RFC 9850, of no use here (exporter secrets, ECH)
    premaster,         ///< by the first 8 bytes of the encrypted pre-master secret
    resumable_master,  ///< the master secret of a session that may be resumed; by session id
};

/// As it stands in a key log.
std::string_view label_name(Label label) noexcept;

/// What a secret is found by: a random, a session id, a prefix; zeros behind it.
struct SecretId {
    std::array<std::uint8_t, 32> bytes{};
    std::uint8_t size = 0;

    static SecretId of(Bytes from) noexcept;  ///< its first 32 bytes
    friend auto operator<=>(const SecretId&, const SecretId&) noexcept = default;
};

struct KeyLogLine {
    Label label = Label::other;
    SecretId id;
    Secret secret;
};

/// A line without its end. Nothing if it is none; comments and blank lines are none either.
std::optional<KeyLogLine> read_key_log_line(std::string_view line) noexcept;
/// Blank, or a comment ("#").
bool is_key_log_comment(std::string_view line) noexcept;

inline constexpr std::size_t key_log_line_bytes_max = 1024;

}  // namespace umbratap::tls
