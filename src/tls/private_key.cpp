// An RSA private key of a server.
#include "tls/private_key.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace umbratap::tls {

namespace {

constexpr std::size_t modulus_bytes_max = 2048;  // 16384 bits
constexpr std::size_t premaster_bytes = 48;

/// Asked for a passphrase OpenSSL would read the terminal.
int refuse_passphrase(char*, int, int, void*) {
    return -1;
}

}  // namespace

PrivateKey PrivateKey::from_pem(std::string_view pem) {
    if (pem.find("ENCRYPTED") != pem.npos) {
        throw std::runtime_error("the key is encrypted; decrypt it first: openssl pkey -in ... ");
    }
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    PrivateKey made;
    if (bio)
        made.key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, nullptr));
    ERR_clear_error();
    if (!made.key_) throw std::runtime_error("no private key in PEM form");
    if (EVP_PKEY_is_a(made.key_.get(), "RSA") != 1) {
        throw std::runtime_error("not an RSA key; other keys open no TLS connection");
    }
    if (EVP_PKEY_get_size(made.key_.get()) > static_cast<int>(modulus_bytes_max)) {
        throw std::runtime_error("an RSA key of more than 16384 bits");
    }
    made.context_.reset(EVP_PKEY_CTX_new(made.key_.get(), nullptr));
    if (!made.context_ || EVP_PKEY_decrypt_init(made.context_.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(made.context_.get(), RSA_PKCS1_PADDING) != 1) {
        throw std::runtime_error("OpenSSL refuses to decrypt with this key");
    }
    std::uint8_t* der = nullptr;
    const int size = i2d_PUBKEY(made.key_.get(), &der);
    if (size <= 0) throw std::runtime_error("the key has no public part");
    made.public_key_.assign(der, der + size);
    OPENSSL_free(der);
    return made;
}

bool PrivateKey::belongs_to(Bytes public_key) const noexcept {
    return std::equal(public_key.begin(), public_key.end(), public_key_.begin(), public_key_.end());
}

std::optional<Secret> PrivateKey::decrypt(Bytes encrypted) const noexcept {
    if (encrypted.size() > modulus_bytes_max) return std::nullopt;
    std::array<std::uint8_t, modulus_bytes_max> out;
    std::size_t size = out.size();
    const bool done = EVP_PKEY_decrypt(context_.get(), out.data(), &size, encrypted.data(),
                                       encrypted.size()) == 1;
    std::optional<Secret> secret;
    if (done && size == premaster_bytes) secret = Secret::of(Bytes(out.data(), size));
    OPENSSL_cleanse(out.data(), out.size());
    ERR_clear_error();
    return secret;
}

}  // namespace umbratap::tls
