// What became of every byte of transport payload (report/README.md, `stats`): each byte has exactly
// one fate.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace umbratap::engine {

enum class Fate : std::uint8_t {
    inspected,
    shunted,  ///< not looked at by decision: of no interest, or not part of the stream
    no_key,   ///< blind from here on
    unsupported,
    midstream,
    quic,
    ech,
    gap,
    one_direction,
    truncated,
    budget,
};
inline constexpr std::size_t fate_kinds = 11;
inline constexpr std::array<std::string_view, fate_kinds> fate_names = {
    "inspected", "shunted", "no_key",        "unsupported", "midstream", "quic",
    "ech",       "gap",     "one_direction", "truncated",   "budget"};

class Fates {
public:
    void add(Fate fate, std::uint64_t bytes) noexcept {
        bytes_[static_cast<std::size_t>(fate)] += bytes;
    }
    /// What had been counted as inspected turns out to have another fate.
    void move(Fate fate, std::uint64_t bytes) noexcept {
        bytes_[0] -= bytes;
        add(fate, bytes);
    }
    /// Bytes counted as inspected here were given to an inner layer, which gave them the fates in
    /// `inner`.
    void refine(const Fates& inner) noexcept {
        for (std::size_t i = 1; i < fate_kinds; ++i) move(static_cast<Fate>(i), inner.bytes_[i]);
    }
    std::uint64_t operator[](Fate fate) const noexcept {
        return bytes_[static_cast<std::size_t>(fate)];
    }
    std::uint64_t sum() const noexcept {
        std::uint64_t all = 0;
        for (const std::uint64_t bytes : bytes_) all += bytes;
        return all;
    }
    Fates& operator+=(const Fates& other) noexcept {
        for (std::size_t i = 0; i < fate_kinds; ++i) bytes_[i] += other.bytes_[i];
        return *this;
    }

private:
    std::array<std::uint64_t, fate_kinds> bytes_{};
};

}  // namespace umbratap::engine
