// Takes content codings off a body, piece by piece (RFC 9110, 8.4): gzip, deflate, br, zstd, one
// around another.
//
// Output is bounded: by `Limits::inflated_bytes_max` for each layer, and by `inflate_ratio_max`
// once a layer's output exceeds 1 MiB. What was decoded up to there stays good.
#pragma once

#include <string_view>
#include <vector>

#include "base/inflate.h"
#include "http/connection.h"

namespace umbratap::http {

class ContentCoding {
public:
    explicit ContentCoding(const Limits& limits) noexcept : limits_(&limits) {}

    /// Sets up for the next body. `list` names the codings in the order in which they were applied,
    /// empty, "identity" and "none" are none. http.unknown_content_coding,
    /// http.too_many_content_codings: the body cannot be read.
    Problem begin(std::string_view list);

    bool identity() const noexcept { return layers_.empty() && state_ == State::reading; }
    bool readable() const noexcept { return state_ == State::reading; }

    /// Takes from the front of `in` and appends at most `slice_bytes` to `out`. To be called until
    /// `in` is empty and nothing was appended. http.inflate_bomb, http.broken_content_coding: it is
    /// not readable any more.
    Problem push(Bytes& in, std::vector<std::uint8_t>& out) noexcept;

    /// The body is over: http.broken_content_coding if the coding was not.
    Problem end() noexcept;

    static constexpr std::size_t slice_bytes = 64 * 1024;

private:
    struct Layer {
        Inflater inflater;
        std::vector<std::uint8_t> waiting{};  // input that the layer around it gave
        std::size_t taken = 0;                // of waiting
        std::uint64_t given = 0;              // output so far
        bool more = false;                    // output is waiting inside
    };
    enum class State : std::uint8_t { reading, unreadable };

    Problem run(std::size_t i, Bytes& in, std::vector<std::uint8_t>& out) noexcept;

    const Limits* limits_;
    State state_ = State::reading;
    std::uint64_t taken_ = 0;    // bytes of the body
    std::vector<Layer> layers_;  // the first is the outermost
};

}  // namespace umbratap::http
