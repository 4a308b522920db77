// Takes a compression off, piece by piece: files and HTTP bodies alike.
//
// Output is bounded by the caller: `push` stops when `out_max` bytes were appended. Formats: gzip
// (RFC 1952, several members), zlib or raw deflate for "deflate" (RFC 9110, 8.4.1.2, and what
// servers send instead), raw deflate for permessage-deflate (RFC 7692), brotli (RFC 7932), zstd
// (RFC 8878, several frames).
//
// The same input gives the same output however it is cut, up to where a stream breaks. Memory:
// about 40 KiB for the deflates, up to 16 MiB for brotli and 8 MiB for zstd, all of it taken only
// as output grows.
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
    /// `zstd_window_bits`: 10 to 27; 0 is the most that HTTP allows, 23 (RFC 9659). That of deflate
    /// is always 15: with less, how far zlib looks back depends on how its input is cut.
    explicit Inflater(Coding coding, int zstd_window_bits = 0);
    ~Inflater();
    Inflater(Inflater&&) noexcept;
    Inflater& operator=(Inflater&&) noexcept;

    /// Consumes from the front of `in` what it can and appends at most `out_max` bytes to `out`.
    /// `in` is empty afterwards unless `out_max` was reached. Where exactly `out_max` bytes came,
    /// more may be waiting: call again, with an empty `in` if there is no other.
    ///
    /// inflate.broken, inflate.window_too_large: no more will come, all further input is swallowed.
    /// inflate.trailing_bytes: what follows the end is no further member or frame; it is swallowed
    /// likewise.
    Problem push(Bytes& in, std::size_t out_max, std::vector<std::uint8_t>& out) noexcept;

    bool ended() const
        noexcept;  ///< the stream's own end was reached (further members or frames may follow)
    bool broken() const noexcept;
    /// permessage-deflate without context takeover: begins anew.
    void reset() noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap
