// CRC-32 as of IEEE 802.3: tells whether bytes on a disk are those that were written.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace umbratap {

namespace crc32_detail {

constexpr std::array<std::uint32_t, 256> make_table() noexcept {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit)
            value = (value & 1) != 0 ? 0xedb88320U ^ (value >> 1) : value >> 1;
        table[i] = value;
    }
    return table;
}

inline constexpr auto table = make_table();

}  // namespace crc32_detail

constexpr std::uint32_t crc32(std::string_view bytes) noexcept {
    std::uint32_t value = ~0U;
    for (const char byte : bytes)
        value = crc32_detail::table[(value ^ static_cast<unsigned char>(byte)) & 0xff] ^ value >> 8;
    return ~value;
}

}  // namespace umbratap
