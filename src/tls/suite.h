// Cipher suites: number, name, and what it says of keys and records.
//
// The name is the definition: key exchange, cipher and hash are read out of it. Suites that we
// cannot open have their name and `openable` false.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tls/hmac.h"

namespace umbratap::tls {

/// A cipher with its key length. `none` is integrity only.
enum class Cipher : std::uint8_t {
    none,
    aes_128_gcm,
    aes_256_gcm,
    aes_128_ccm,
    aes_256_ccm,
    chacha20_poly1305,
    aria_128_gcm,
    aria_256_gcm,
    aes_128_cbc,
    aes_256_cbc,
    camellia_128_cbc,
    camellia_256_cbc,
    aria_128_cbc,
    aria_256_cbc,
    triple_des_cbc,
};

enum class Mode : std::uint8_t { none, cbc, aead };

struct Suite {
    std::uint16_t number = 0;
    bool openable = false;
    bool tls13 = false;         ///< for TLS 1.3 only; else for TLS 1.2 and before only
    bool rsa_exchange = false;  ///< the pre-master secret is encrypted to the server's RSA key
    Cipher cipher = Cipher::none;
    Mode mode = Mode::none;
    std::uint8_t key_bytes = 0;
    std::uint8_t block_bytes = 0;     ///< of CBC
    std::uint8_t fixed_iv_bytes = 0;  ///< of AEAD: the part of the nonce that keys give
    std::uint8_t tag_bytes = 0;       ///< of AEAD
    Hash mac = Hash::sha1;            ///< of the rest
    Hash hash = Hash::sha256;         ///< of the key schedule (of TLS 1.2 at least)
};

/// The parameters of a suite; not openable if it is none that we know.
Suite find_suite(std::uint16_t number) noexcept;

/// "TLS_AES_128_GCM_SHA256", or "0x1234" if it has no name.
std::string suite_name(std::uint16_t number);

}  // namespace umbratap::tls
