// What has not been read yet of a TLS structure: numbers and vectors are taken from its front
// (RFC 8446, 3).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace umbratap::tls {

class Rest {
public:
    explicit Rest(Bytes bytes) noexcept : bytes_(bytes) {}

    bool empty() const noexcept { return bytes_.empty(); }
    Bytes bytes() const noexcept { return bytes_; }

    std::optional<Bytes> take(std::size_t count) noexcept {
        if (bytes_.size() < count) return std::nullopt;
        const Bytes taken = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return taken;
    }
    std::optional<std::uint8_t> take_8() noexcept {
        const auto taken = take(1);
        if (!taken) return std::nullopt;
        return taken->front();
    }
    std::optional<std::uint16_t> take_16() noexcept {
        const auto taken = take(2);
        if (!taken) return std::nullopt;
        return big_endian_16(taken->data());
    }
    std::optional<std::uint32_t> take_24() noexcept {
        const auto taken = take(3);
        if (!taken) return std::nullopt;
        return big_endian_24(taken->data());
    }
    /// A vector: its length in `length_bytes` (1 to 3), then its content.
    std::optional<Bytes> take_vector(int length_bytes) noexcept {
        const auto length = take(static_cast<std::size_t>(length_bytes));
        if (!length) return std::nullopt;
        std::size_t count = 0;
        for (const std::uint8_t byte : *length) count = count << 8 | byte;
        return take(count);
    }

private:
    Bytes bytes_;
};

}  // namespace umbratap::tls
