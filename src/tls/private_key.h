// An RSA private key of a server, to open pre-master secrets that were encrypted to it (RFC 5246,
// 7.4.7.1).
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "tls/secret.h"

namespace umbratap::tls {

class PrivateKey {
public:
    /// From PEM, unencrypted. Throws std::runtime_error that says what is wrong with it.
    static PrivateKey from_pem(std::string_view pem);

    /// True if a certificate with this SubjectPublicKeyInfo (DER) is that of this key.
    bool belongs_to(Bytes public_key) const noexcept;
    /// The 48 bytes that were encrypted. Where the padding is wrong OpenSSL may give random bytes
    /// instead of nothing: the MAC of a record decides.
    std::optional<Secret> decrypt(Bytes encrypted) const noexcept;

private:
    struct Free {
        void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
        void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
    };
    std::unique_ptr<EVP_PKEY, Free> key_;
    std::unique_ptr<EVP_PKEY_CTX, Free> context_;
    std::vector<std::uint8_t> public_key_;  // SubjectPublicKeyInfo, DER
};

}  // namespace umbratap::tls
