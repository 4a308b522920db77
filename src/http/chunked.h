// The chunked transfer coding (RFC 9112, 7.1), read leniently and named where it is odd.
//
//     2f;name=value␍␊<0x2f bytes>␍␊ … 0␍␊Trailer: x␍␊␍␊
//     └size┘└ extension ┘                └ trailers ┘
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/problem.h"

namespace umbratap::http {

class ChunkedDecoder {
public:
    /// Takes framing from the front of `in` and then the next piece of data, which is returned.
    /// Empty if `in` is used up, or the body ended, or is broken (http1.bad_chunk,
    /// http1.chunk_size_overflow).
    Bytes next(Bytes& in, Problem& problem) noexcept;

    bool ended() const noexcept { return state_ == State::ended; }
    bool broken() const noexcept { return state_ == State::broken; }
    /// Before the first chunk's data.
    bool at_first_size() const noexcept { return first_; }

    /// A hole. True if it lay within the data of one chunk: then reading goes on behind it.
    bool lose(std::uint64_t missing) noexcept;

    /// A decoder that stands behind the line of a chunk of `size` bytes.
    static ChunkedDecoder behind_size(std::uint64_t size) noexcept;

private:
    enum class State : std::uint8_t {
        size,
        extension,
        data,
        data_end,
        trailer_start,
        trailer,
        ended,
        broken
    };

    void take_size(std::uint8_t c, Problem& problem) noexcept;
    void size_over() noexcept { state_ = left_ > 0 ? State::data : State::trailer_start; }
    void fail(const char* name, Problem& problem) noexcept;

    State state_ = State::size;
    bool first_ = true;
    bool carriage_return_ = false;  // was the byte before
    bool blank_ = false;            // the size is over, white space may follow
    std::uint8_t digits_ = 0;
    std::uint64_t left_ = 0;  // of the chunk
};

}  // namespace umbratap::http
