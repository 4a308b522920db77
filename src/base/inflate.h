// Takes a compression off, piece by piece: files and HTTP bodies alike.
//
// Output is bounded by the caller: `push` stops when `out_max` bytes were appended. Formats: gzip (RFC 1952, several
// members), zlib or raw deflate for "deflate" (RFC 9110, 8.4.1.2, and what servers send instead), raw deflate for
// permessage-deflate, brotli (RFC 7932), zstd (RFC 8878, several frames).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/problem.h"

namespace umbratap {

enum class Coding : std::uint8_t { gzip, deflate, raw_deflate, brotli, zstd };

class Inflater {
public:
    /// `window_bits` counts for raw_deflate only.
    explicit Inflater(Coding coding, int window_bits = 15);
    ~Inflater();
    Inflater(Inflater&&) noexcept;
    Inflater& operator=(Inflater&&) noexcept;

    /// Consumes from the front of `in` what it can and appends at most `out_max` bytes to `out`. `in` is empty
    /// afterwards unless `out_max` was reached, the stream ended, or it is broken (inflate.broken).
    Problem push(Bytes& in, std::size_t out_max, std::vector<std::uint8_t>& out) noexcept;

    bool ended() const noexcept;   ///< the stream's own end was reached (further members or frames may follow)
    bool broken() const noexcept;
    /// permessage-deflate without context takeover: begins anew.
    void reset() noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap
