// Bytes that someone else owns, and numbers read from them.
//
// `Bytes` is a view: it lives as long as the frame or buffer that it points into (src/README.md,
// "Two lifetimes"). The big_endian and little_endian readers assume that the bytes are there;
// callers check lengths first.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace umbratap {

using Bytes = std::span<const std::uint8_t>;

inline std::string_view as_text(Bytes bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::uint16_t big_endian_16(const std::uint8_t* at) noexcept {
    return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}

inline std::uint32_t big_endian_24(const std::uint8_t* at) noexcept {
    return std::uint32_t{at[0]} << 16 | std::uint32_t{at[1]} << 8 | at[2];
}

inline std::uint32_t big_endian_32(const std::uint8_t* at) noexcept {
    std::uint32_t value;
    std::memcpy(&value, at, sizeof value);
    return __builtin_bswap32(value);
}

inline std::uint64_t big_endian_64(const std::uint8_t* at) noexcept {
    std::uint64_t value;
    std::memcpy(&value, at, sizeof value);
    return __builtin_bswap64(value);
}

inline std::uint16_t little_endian_16(const std::uint8_t* at) noexcept {
    return static_cast<std::uint16_t>(at[1] << 8 | at[0]);
}

inline std::uint32_t little_endian_32(const std::uint8_t* at) noexcept {
    std::uint32_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

static_assert(std::endian::native == std::endian::little,
              "the readers above assume a little-endian machine");

}  // namespace umbratap
