// Cipher suites, read out of their names.
//
//     TLS_ RSA _WITH_ AES_128_CBC _ SHA256         TLS_ AES_128_GCM _ SHA256
//          key exchange   cipher      hash               cipher        hash
#include "tls/suite.h"

#include <array>

#include "base/digest.h"
#include "tls/suite_names.h"

namespace umbratap::tls {

namespace {

struct CipherRow {
    std::string_view name;
    Cipher cipher;
    Mode mode;
    std::uint8_t key_bytes;
    std::uint8_t block_bytes;
    std::uint8_t tag_bytes;
};

// A longer name stands before its beginning.
constexpr CipherRow ciphers[] = {
    {"AES_128_GCM", Cipher::aes_128_gcm, Mode::aead, 16, 0, 16},
    {"AES_256_GCM", Cipher::aes_256_gcm, Mode::aead, 32, 0, 16},
    {"AES_128_CCM_8", Cipher::aes_128_ccm, Mode::aead, 16, 0, 8},
    {"AES_256_CCM_8", Cipher::aes_256_ccm, Mode::aead, 32, 0, 8},
    {"AES_128_CCM", Cipher::aes_128_ccm, Mode::aead, 16, 0, 16},
    {"AES_256_CCM", Cipher::aes_256_ccm, Mode::aead, 32, 0, 16},
    {"CHACHA20_POLY1305", Cipher::chacha20_poly1305, Mode::aead, 32, 0, 16},
    {"ARIA_128_GCM", Cipher::aria_128_gcm, Mode::aead, 16, 0, 16},
    {"ARIA_256_GCM", Cipher::aria_256_gcm, Mode::aead, 32, 0, 16},
    {"AES_128_CBC", Cipher::aes_128_cbc, Mode::cbc, 16, 16, 0},
    {"AES_256_CBC", Cipher::aes_256_cbc, Mode::cbc, 32, 16, 0},
    {"CAMELLIA_128_CBC", Cipher::camellia_128_cbc, Mode::cbc, 16, 16, 0},
    {"CAMELLIA_256_CBC", Cipher::camellia_256_cbc, Mode::cbc, 32, 16, 0},
    {"ARIA_128_CBC", Cipher::aria_128_cbc, Mode::cbc, 16, 16, 0},
    {"ARIA_256_CBC", Cipher::aria_256_cbc, Mode::cbc, 32, 16, 0},
    {"3DES_EDE_CBC", Cipher::triple_des_cbc, Mode::cbc, 24, 8, 0},
    {"NULL", Cipher::none, Mode::none, 0, 0, 0},
};

/// The hashes that `name` says: of the MAC, and of the key schedule (RFC 5246, 5). False if it is
/// none of ours.
bool read_hash(std::string_view name, Suite& suite) noexcept {
    suite.hash = Hash::sha256;
    if (name == "_MD5") {
        suite.mac = Hash::md5;
    } else if (name == "_SHA") {
        suite.mac = Hash::sha1;
    } else if (name == "_SHA256") {
        suite.mac = Hash::sha256;
    } else if (name == "_SHA384") {
        suite.mac = suite.hash = Hash::sha384;
    } else {
        return name.empty() && suite.mode == Mode::aead;
    }
    return true;
}

bool read_cipher(std::string_view name, Suite& suite) noexcept {
    for (const CipherRow& row : ciphers) {
        if (!name.starts_with(row.name)) continue;
        suite.cipher = row.cipher;
        suite.mode = row.mode;
        suite.key_bytes = row.key_bytes;
        suite.block_bytes = row.block_bytes;
        suite.tag_bytes = row.tag_bytes;
        return read_hash(name.substr(row.name.size()), suite);
    }
    return false;
}

}  // namespace

Suite find_suite(std::uint16_t number) noexcept {
    static constexpr std::string_view with = "_WITH_";
    Suite suite;
    suite.number = number;
    std::string_view name = find_suite_name(number);
    suite.tls13 = number >> 8 == 0x13;
    const std::size_t at = name.find(with);
    if (suite.tls13 != (at == name.npos)) return suite;
    if (!suite.tls13) {
        suite.rsa_exchange = name.starts_with("RSA_WITH_");
        name.remove_prefix(at + with.size());
    }
    suite.openable = read_cipher(name, suite);
    const bool whole_nonce = suite.tls13 || suite.cipher == Cipher::chacha20_poly1305;
    if (suite.mode == Mode::aead) suite.fixed_iv_bytes = whole_nonce ? 12 : 4;
    return suite;
}

std::string suite_name(std::uint16_t number) {
    if (const std::string_view name = find_suite_name(number); !name.empty()) {
        return "TLS_" + std::string(name);
    }
    const std::array<std::uint8_t, 2> bytes = {static_cast<std::uint8_t>(number >> 8),
                                               static_cast<std::uint8_t>(number)};
    return "0x" + to_hex(bytes);
}

}  // namespace umbratap::tls
