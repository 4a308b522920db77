// What the decoders of pcap and pcapng have in common: bytes that the caller keeps go in, frames
// that point into them come out. They know nothing of files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/batch.h"
#include "base/bytes.h"
#include "base/time.h"
#include "capture/frame.h"

namespace umbratap::capture {

/// What writers of captures keep to by habit; a longer packet is believed only where a snap length
/// announces it.
inline constexpr std::uint32_t packet_bytes_usual = 256 * 1024;
inline constexpr std::uint32_t packet_bytes_max = 16 * 1024 * 1024;

/// 2116. Later times, which only nonsense holds, become this one, so that nobody's sums overflow.
inline constexpr std::int64_t time_max = std::int64_t{1} << 62;

struct Progress {
    std::size_t consumed = 0;  ///< bytes of the window that are done with
    std::size_t wanted = 0;    ///< bytes that the next record needs, behind these; 0: batch full
    std::string broken;        ///< what was wrong there, if anything: the rest cannot be read
};

inline std::uint16_t read_16(const std::uint8_t* at, bool swapped) noexcept {
    const std::uint16_t value = little_endian_16(at);
    return swapped ? __builtin_bswap16(value) : value;
}

inline std::uint32_t read_32(const std::uint8_t* at, bool swapped) noexcept {
    const std::uint32_t value = little_endian_32(at);
    return swapped ? __builtin_bswap32(value) : value;
}

}  // namespace umbratap::capture
