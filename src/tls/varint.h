// Numbers of one, two, four or eight bytes, as QUIC writes them (RFC 9000, 16).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace umbratap::tls {

/// Takes a number off the front of `rest`; nothing where it is cut.
inline std::optional<std::uint64_t> take_varint(Bytes& rest) noexcept {
    if (rest.empty()) return {};
    const std::size_t size = std::size_t{1} << (rest[0] >> 6);
    if (rest.size() < size) return {};
    std::uint64_t value = rest[0] & 0x3f;
    for (std::size_t i = 1; i < size; ++i) value = value << 8 | rest[i];
    rest = rest.subspan(size);
    return value;
}

}  // namespace umbratap::tls
