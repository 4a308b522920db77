// Blocks of 16 bytes under a key that is nowhere else (AES-128, each block by itself): equal ones
// stay equal, and nobody reads them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace umbratap {

class Seal {
public:
    static constexpr std::size_t block_bytes = 16;
    using Key = std::array<std::uint8_t, 16>;
    /// One that was never used before.
    static Key new_key();

    explicit Seal(const Key& key);
    ~Seal();
    Seal(Seal&&) noexcept;
    Seal& operator=(Seal&&) noexcept;

    /// `blocks` is as long as a number of blocks; `out` becomes as long.
    void apply(Bytes blocks, std::vector<std::uint8_t>& out) noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap
