// Takes the protection off records. A key is set once; a record sets its nonce only, since a new
// context or key costs more than a short record.
#include "tls/cipher.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <new>

namespace umbratap::tls {

namespace {

constexpr std::size_t nonce_bytes = 12;

/// Fetched once: an implicit fetch costs as much as a record.
const EVP_CIPHER* algorithm(Cipher cipher) noexcept {
    static const auto fetch = [](const char* name) {
        return EVP_CIPHER_fetch(nullptr, name, nullptr);
    };
    static const std::array<const EVP_CIPHER*, 15> algorithms = {nullptr,
                                                                 fetch("AES-128-GCM"),
                                                                 fetch("AES-256-GCM"),
                                                                 fetch("AES-128-CCM"),
                                                                 fetch("AES-256-CCM"),
                                                                 fetch("ChaCha20-Poly1305"),
                                                                 fetch("ARIA-128-GCM"),
                                                                 fetch("ARIA-256-GCM"),
                                                                 fetch("AES-128-CBC"),
                                                                 fetch("AES-256-CBC"),
                                                                 fetch("CAMELLIA-128-CBC"),
                                                                 fetch("CAMELLIA-256-CBC"),
                                                                 fetch("ARIA-128-CBC"),
                                                                 fetch("ARIA-256-CBC"),
                                                                 fetch("DES-EDE3-CBC")};
    return algorithms[static_cast<std::size_t>(cipher)];
}

bool is_ccm(Cipher cipher) noexcept {
    return cipher == Cipher::aes_128_ccm || cipher == Cipher::aes_256_ccm;
}

void put_64(std::uint64_t value, std::uint8_t* at) noexcept {
    value = __builtin_bswap64(value);
    std::memcpy(at, &value, sizeof value);
}

/// sequence 8 | type 1 | version 2 | length 2: what a MAC or tag covers first (RFC 5246, 6.2.3)
std::array<std::uint8_t, 13> pseudo_header(const Record& record, std::uint64_t sequence,
                                           std::size_t length) noexcept {
    std::array<std::uint8_t, 13> out;
    put_64(sequence, out.data());
    std::copy_n(record.bytes.begin(), 3, out.begin() + 8);
    out[11] = static_cast<std::uint8_t>(length >> 8);
    out[12] = static_cast<std::uint8_t>(length);
    return out;
}

}  // namespace

void Protection::FreeContext::operator()(EVP_CIPHER_CTX* context) const noexcept {
    EVP_CIPHER_CTX_free(context);
}

Protection::~Protection() {
    OPENSSL_cleanse(iv_.data(), iv_.size());
}
Protection::Protection(Protection&&) noexcept = default;
Protection& Protection::operator=(Protection&&) noexcept = default;

std::optional<Protection> Protection::make(std::uint16_t version, const Suite& suite,
                                           bool encrypt_then_mac,
                                           const TrafficKeys& keys) noexcept {
    Protection made;
    made.iv_ = keys.iv;
    made.mode_ = suite.mode;
    made.mac_ = suite.mac;
    made.tls13_ = version >= tls_1_3;
    made.encrypt_then_mac_ = encrypt_then_mac && suite.mode == Mode::cbc;
    made.length_first_ = is_ccm(suite.cipher);
    made.block_bytes_ = suite.block_bytes;
    made.tag_bytes_ = suite.tag_bytes;
    made.explicit_bytes_ = suite.mode == Mode::aead
                               ? static_cast<std::uint8_t>(nonce_bytes - suite.fixed_iv_bytes)
                           : version >= tls_1_1 ? suite.block_bytes
                                                : std::uint8_t{0};
    if (suite.mode != Mode::aead) {
        made.mac_key_.reset(new (std::nothrow) Secret(hash_bytes(suite.mac)));
        if (!made.mac_key_) return std::nullopt;
        std::copy_n(keys.mac.begin(), made.mac_key_->size(), made.mac_key_->writable().begin());
    }
    if (suite.mode == Mode::none) return made;

    made.context_.reset(EVP_CIPHER_CTX_new());
    EVP_CIPHER_CTX* const context = made.context_.get();
    if (context == nullptr || algorithm(suite.cipher) == nullptr) return std::nullopt;
    bool done =
        EVP_DecryptInit_ex2(context, algorithm(suite.cipher), nullptr, nullptr, nullptr) == 1;
    if (made.length_first_) {
        done = done &&
               EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, nonce_bytes, nullptr) == 1 &&
               EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, suite.tag_bytes, nullptr) == 1;
    }
    done = done && EVP_DecryptInit_ex2(context, nullptr, keys.key.data(), nullptr, nullptr) == 1 &&
           EVP_CIPHER_CTX_set_padding(context, 0) == 1;
    if (!done) return std::nullopt;
    return made;
}

std::optional<Protection::Opened> Protection::open(const Record& record, std::uint64_t sequence,
                                                   std::uint8_t* out) noexcept {
    switch (mode_) {
        case Mode::aead:
            return open_aead(record, sequence, out);
        case Mode::cbc:
            return open_cbc(record, sequence, out);
        case Mode::none:
            return open_bare(record, sequence, out);
    }
    return std::nullopt;
}

std::optional<Protection::Opened> Protection::open_aead(const Record& record,
                                                        std::uint64_t sequence,
                                                        std::uint8_t* out) noexcept {
    const Bytes body = record.body();
    if (body.size() < std::size_t{explicit_bytes_} + tag_bytes_) return std::nullopt;
    const Bytes enciphered =
        body.subspan(explicit_bytes_, body.size() - explicit_bytes_ - tag_bytes_);
    const Bytes tag = body.last(tag_bytes_);

    std::array<std::uint8_t, nonce_bytes> nonce;
    std::copy_n(iv_.begin(), nonce_bytes, nonce.begin());
    if (explicit_bytes_ > 0) {
        std::copy_n(body.begin(), 8, nonce.begin() + 4);
    } else {
        put_64(sequence ^ big_endian_64(&nonce[4]), &nonce[4]);
    }
    if (tls13_) {
        if (!decipher_aead(nonce.data(), record.header(), enciphered, tag, out))
            return std::nullopt;
        std::size_t size = enciphered.size();
        while (size > 0 && out[size - 1] == 0) --size;
        if (size == 0) return std::nullopt;  // no type
        return Opened{Bytes(out, size - 1), out[size - 1]};
    }
    const auto additional = pseudo_header(record, sequence, enciphered.size());
    if (!decipher_aead(nonce.data(), additional, enciphered, tag, out)) return std::nullopt;
    if (explicit_bytes_ > 0) last_nonce_ = big_endian_64(body.data());
    return Opened{Bytes(out, enciphered.size()), record.type()};
}

bool Protection::decipher_aead(const std::uint8_t* nonce, Bytes additional, Bytes enciphered,
                               Bytes tag, std::uint8_t* out) noexcept {
    EVP_CIPHER_CTX* const context = context_.get();
    const int size = static_cast<int>(enciphered.size());
    int written = 0;
    if (EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce, nullptr) != 1) return false;
    if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()),
                            const_cast<std::uint8_t*>(tag.data())) != 1) {
        return false;
    }
    if (length_first_ && EVP_DecryptUpdate(context, nullptr, &written, nullptr, size) != 1) {
        return false;
    }
    if (EVP_DecryptUpdate(context, nullptr, &written, additional.data(),
                          static_cast<int>(additional.size())) != 1) {
        return false;
    }
    // CCM checks its tag here, and wants to be called for nothing too.
    if (EVP_DecryptUpdate(context, out, &written, enciphered.data(), size) != 1) return false;
    return length_first_ || EVP_DecryptFinal_ex(context, out + written, &written) == 1;
}

std::optional<Protection::Opened> Protection::open_cbc(const Record& record, std::uint64_t sequence,
                                                       std::uint8_t* out) noexcept {
    Bytes body = record.body();
    const std::size_t mac_bytes = hash_bytes(mac_);
    if (encrypt_then_mac_) {
        if (body.size() < mac_bytes) return std::nullopt;
        const Bytes mac = body.last(mac_bytes);
        body = body.first(body.size() - mac_bytes);
        if (!right_mac(record, sequence, body, mac)) return std::nullopt;
    }
    if (body.size() < std::size_t{explicit_bytes_} + block_bytes_) return std::nullopt;
    const std::uint8_t* const iv = explicit_bytes_ > 0 ? body.data() : iv_.data();
    const Bytes enciphered = body.subspan(explicit_bytes_);
    if (enciphered.size() % block_bytes_ != 0) return std::nullopt;
    int written = 0;
    if (EVP_DecryptInit_ex2(context_.get(), nullptr, nullptr, iv, nullptr) != 1 ||
        EVP_DecryptUpdate(context_.get(), out, &written, enciphered.data(),
                          static_cast<int>(enciphered.size())) != 1) {
        return std::nullopt;
    }
    const Bytes text(out, enciphered.size());
    const std::size_t behind = std::size_t{text.back()} + 1 + (encrypt_then_mac_ ? 0 : mac_bytes);
    if (text.size() < behind) return std::nullopt;
    const Bytes padding = text.last(std::size_t{text.back()} + 1);
    if (std::any_of(padding.begin(), padding.end(),
                    [&](auto byte) { return byte != text.back(); })) {
        return std::nullopt;
    }
    const Bytes content = text.first(text.size() - behind);
    if (!encrypt_then_mac_ &&
        !right_mac(record, sequence, content, text.subspan(content.size(), mac_bytes))) {
        return std::nullopt;
    }
    if (explicit_bytes_ == 0) {  // TLS 1.0 chains its records (RFC 2246, 6.2.3.2)
        std::copy_n(enciphered.end() - block_bytes_, block_bytes_, iv_.begin());
    }
    return Opened{content, record.type()};
}

std::optional<Protection::Opened> Protection::open_bare(const Record& record,
                                                        std::uint64_t sequence,
                                                        std::uint8_t* out) noexcept {
    const Bytes body = record.body();
    const std::size_t mac_bytes = hash_bytes(mac_);
    if (body.size() < mac_bytes) return std::nullopt;
    const Bytes content = body.first(body.size() - mac_bytes);
    if (!right_mac(record, sequence, content, body.last(mac_bytes))) return std::nullopt;
    std::copy(content.begin(), content.end(), out);
    return Opened{Bytes(out, content.size()), record.type()};
}

bool Protection::right_mac(const Record& record, std::uint64_t sequence, Bytes covered,
                           Bytes mac) const noexcept {
    const auto before = pseudo_header(record, sequence, covered.size());
    std::array<std::uint8_t, hash_bytes_max> wanted;
    return hmac(mac_, mac_key_->bytes(), {before, covered}, wanted.data()) &&
           CRYPTO_memcmp(wanted.data(), mac.data(), mac.size()) == 0;
}

std::size_t Protection::overhead_bytes() const noexcept {
    const std::size_t around = record_header_bytes + explicit_bytes_;
    if (mode_ == Mode::aead) return around + tag_bytes_ + (tls13_ ? 1 : 0);
    return around + hash_bytes(mac_) + (mode_ == Mode::cbc ? 1 : 0);
}

std::optional<std::uint64_t> Protection::nonce_distance(const Record& record) const noexcept {
    if (mode_ != Mode::aead || explicit_bytes_ == 0 || record.body().size() < 8)
        return std::nullopt;
    return big_endian_64(record.body().data()) - last_nonce_;
}

}  // namespace umbratap::tls
