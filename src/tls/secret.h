// A secret of a TLS connection: a master secret or a traffic secret. Wiped when it dies.
#pragma once

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"

namespace umbratap::tls {

class Secret {
public:
    static constexpr std::size_t bytes_max = 48;  ///< a master secret, or one of SHA-384

    Secret() noexcept = default;
    /// Of `size` bytes, all zero: to be filled.
    explicit Secret(std::size_t size) noexcept : size_(static_cast<std::uint8_t>(size)) {}
    /// Nothing if there are more than `bytes_max`.
    static std::optional<Secret> of(Bytes bytes) noexcept {
        if (bytes.size() > bytes_max) return std::nullopt;
        Secret secret(bytes.size());
        std::copy(bytes.begin(), bytes.end(), secret.bytes_.begin());
        return secret;
    }
    Secret(const Secret&) noexcept = default;
    Secret& operator=(const Secret&) noexcept = default;
    ~Secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

    Bytes bytes() const noexcept { return {bytes_.data(), size_}; }
    std::span<std::uint8_t> writable() noexcept { return {bytes_.data(), size_}; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    friend bool operator==(const Secret& a, const Secret& b) noexcept {
        return a.size_ == b.size_ && CRYPTO_memcmp(a.bytes_.data(), b.bytes_.data(), a.size_) == 0;
    }

private:
    std::array<std::uint8_t, bytes_max> bytes_{};
    std::uint8_t size_ = 0;
};

}  // namespace umbratap::tls
