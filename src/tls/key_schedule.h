// From secrets to keys: TLS 1.3 (RFC 8446, 7) and TLS 1.0 to 1.2 (RFC 5246, 5, 6.3 and 8.1;
// RFC 2246, 5; RFC 7627).
//
// Functions return false, or nothing, only where OpenSSL refuses.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "tls/secret.h"
#include "tls/suite.h"

namespace umbratap::tls {

using Random = std::array<std::uint8_t, 32>;

inline constexpr std::uint16_t ssl_3_0 = 0x0300, tls_1_0 = 0x0301, tls_1_1 = 0x0302,
                               tls_1_2 = 0x0303, tls_1_3 = 0x0304;

/// What protects the records of one direction. Wiped when it dies.
struct TrafficKeys {
    std::array<std::uint8_t, 32> key{};
    std::array<std::uint8_t, 16> iv{};  ///< fixed part of a nonce, or the first IV of CBC
    std::array<std::uint8_t, hash_bytes_max> mac{};

    TrafficKeys() noexcept = default;
    TrafficKeys(const TrafficKeys&) noexcept = default;
    TrafficKeys& operator=(const TrafficKeys&) noexcept = default;
    ~TrafficKeys();
};

/// HKDF-Expand-Label (RFC 8446, 7.1); `label` is without "tls13 ".
bool expand_label(Hash hash, Bytes secret, std::string_view label, Bytes context,
                  std::span<std::uint8_t> out) noexcept;

/// The keys that follow from a traffic secret (RFC 8446, 7.3).
std::optional<TrafficKeys> traffic_keys(const Suite& suite, const Secret& secret) noexcept;
/// The traffic secret after a key update (RFC 8446, 7.2).
std::optional<Secret> next_traffic_secret(Hash hash, const Secret& secret) noexcept;

/// The PRF of TLS 1.2 (with the suite's hash) or that of TLS 1.0 and 1.1.
bool expand_prf(std::uint16_t version, Hash hash, Bytes secret, std::string_view label,
                Bytes first_seed, Bytes second_seed, std::span<std::uint8_t> out) noexcept;

/// What the master secret is bound to, beside the pre-master secret.
struct MasterSeeds {
    std::uint16_t version = tls_1_2;
    Hash hash = Hash::sha256;
    const Random& client_random;
    const Random& server_random;
    Bytes session_hash;  ///< extended master secret (RFC 7627); empty without
};
std::optional<Secret> master_secret(const MasterSeeds& seeds, Bytes premaster) noexcept;

/// The keys of the client's direction and of the server's, in this order (RFC 5246, 6.3).
std::optional<std::array<TrafficKeys, 2>> key_block(std::uint16_t version, const Suite& suite,
                                                    const Secret& master,
                                                    const Random& client_random,
                                                    const Random& server_random) noexcept;

}  // namespace umbratap::tls
