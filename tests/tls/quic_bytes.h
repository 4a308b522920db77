// Builds QUIC Initial packets for tests, with OpenSSL's own key derivation.
#pragma once

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tls/hello_bytes.h"

namespace umbratap::tls::test {

inline std::string from_hex(std::string_view digits) {
    std::string out;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        out += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    return out;
}

/// A number as QUIC writes it, in two bytes or four.
inline std::string varint(std::uint64_t value) {
    return value < 0x4000 ? number(value | 0x4000, 2) : number(value | 0x80000000, 4);
}

inline std::string crypto(std::size_t offset, std::string_view data) {
    return "\x06" + varint(offset) + varint(data.size()) + std::string(data);
}

/// Keys of the client, or of the server.
class Sealer {
public:
    explicit Sealer(std::string_view connection_id, std::uint32_t version = 1,
                    const char* side = "client in")
        : connection_id_(connection_id), version_(version) {
        const bool second = version == 0x6b3343cf;
        const std::string salt =
            from_hex(second                  ? "0dede3def700a6db819381be6e269dcbf9bd2ed9"
                     : version == 0xff00001d ? "afbfec289993d24c9e9786f19c6111e04390a899"
                                             : "38762cf7f55934b34d179ae6a4c80cadccbb7f0a");
        const std::string prefix = second ? "quicv2 " : "quic ";
        const std::string secret = expand(extract(salt, connection_id_), side, 32);
        key_ = expand(secret, prefix + "key", 16);
        iv_ = expand(secret, prefix + "iv", 12);
        header_key_ = expand(secret, prefix + "hp", 16);
        initial_ = second ? 0xd0 : 0xc0;
    }

    /// A whole packet; `padded_to` counts frames alone. `destination`: instead of the ID of the
    /// keys.
    std::string seal(std::string frames, std::uint32_t packet_number = 0,
                     std::size_t padded_to = 64, const std::string& token = "",
                     const std::string& destination = "") const {
        if (frames.size() < padded_to) frames.resize(padded_to, '\0');
        const std::string& id = destination.empty() ? connection_id_ : destination;
        std::string header =
            number(initial_ | 3U, 1) + number(version_, 4) + vector_of(id, 1) + vector_of("", 1);
        header += token.empty() ? number(0, 1) : varint(token.size()) + token;
        header += varint(4 + frames.size() + 16);
        const std::size_t number_at = header.size();
        header += number(packet_number, 4);
        std::string nonce = iv_;
        for (std::size_t i = 0; i < 4; ++i) nonce[8 + i] ^= header[number_at + i];
        std::string packet = header + sealed(nonce, header, frames);
        const std::string mask = block(packet.substr(number_at + 4, 16));
        packet[0] ^= static_cast<char>(mask[0] & 0x0f);
        for (std::size_t i = 0; i < 4; ++i) packet[number_at + i] ^= mask[1 + i];
        return packet;
    }

private:
    static const unsigned char* raw(const std::string& text) {
        return reinterpret_cast<const unsigned char*>(text.data());
    }
    static unsigned char* raw(std::string& text) {
        return reinterpret_cast<unsigned char*>(text.data());
    }
    static OSSL_PARAM octets(const char* name, const std::string& value) {
        return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(value.data()),
                                                 value.size());
    }
    static std::string derive(const char* algorithm, int mode, std::vector<OSSL_PARAM> parameters,
                              std::size_t size) {
        char digest[] = "SHA256";
        parameters.push_back(OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0));
        parameters.push_back(OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode));
        parameters.push_back(OSSL_PARAM_construct_end());
        EVP_KDF* kdf = EVP_KDF_fetch(nullptr, algorithm, nullptr);
        EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
        std::string out(size, '\0');
        if (EVP_KDF_derive(context, raw(out), size, parameters.data()) != 1) std::abort();
        EVP_KDF_CTX_free(context);
        EVP_KDF_free(kdf);
        return out;
    }
    static std::string extract(const std::string& salt, const std::string& key) {
        return derive("HKDF", EVP_KDF_HKDF_MODE_EXTRACT_ONLY,
                      {octets(OSSL_KDF_PARAM_SALT, salt), octets(OSSL_KDF_PARAM_KEY, key)}, 32);
    }
    static std::string expand(const std::string& secret, const std::string& label,
                              std::size_t size) {
        const std::string prefix = "tls13 ";
        return derive("TLS13-KDF", EVP_KDF_HKDF_MODE_EXPAND_ONLY,
                      {octets(OSSL_KDF_PARAM_KEY, secret), octets(OSSL_KDF_PARAM_PREFIX, prefix),
                       octets(OSSL_KDF_PARAM_LABEL, label)},
                      size);
    }
    std::string block(const std::string& sample) const {
        EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
        std::string out(32, '\0');
        int size = 0;
        EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), nullptr, raw(header_key_), nullptr);
        EVP_EncryptUpdate(context, raw(out), &size, raw(sample), 16);
        EVP_CIPHER_CTX_free(context);
        return out;
    }
    std::string sealed(const std::string& nonce, const std::string& header,
                       const std::string& text) const {
        EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
        std::string out(text.size() + 16, '\0');
        int size = 0;
        EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), nullptr, raw(key_), raw(nonce));
        EVP_EncryptUpdate(context, nullptr, &size, raw(header), static_cast<int>(header.size()));
        EVP_EncryptUpdate(context, raw(out), &size, raw(text), static_cast<int>(text.size()));
        EVP_EncryptFinal_ex(context, nullptr, &size);
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, raw(out) + text.size());
        EVP_CIPHER_CTX_free(context);
        return out;
    }

    std::string connection_id_;
    std::uint32_t version_;
    std::string key_, iv_, header_key_;
    unsigned initial_;
};

}  // namespace umbratap::tls::test
