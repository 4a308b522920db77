// Chunks that cannot be read yet, of both directions in the order of their coming.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/buffer.h"
#include "base/time.h"
#include "flow/stream_chunk.h"

namespace umbratap::tls {

class Waiting {
public:
    explicit Waiting(Budget& budget) noexcept : bytes_(budget) {}

    /// Keeps a chunk, with `first` before its data. False, and not kept, if that would exceed
    /// `bytes_max` of a direction or the budget.
    bool add(const flow::StreamChunk& chunk, Bytes first, std::size_t bytes_max);
    /// The next chunk, whose data lives as long as this object; its `offset` is lost.
    bool take(flow::StreamChunk& chunk) noexcept;

    bool empty() const noexcept { return pieces_.empty(); }
    Time since() const noexcept { return pieces_.front().time; }
    std::size_t bytes() const noexcept { return bytes_.size(); }

private:
    struct Piece {
        Time time;
        std::uint64_t packet_number = 0;
        std::uint64_t missing = 0;
        std::uint32_t size = 0;
        flow::Direction direction = flow::Direction::to_server;
        bool end = false;
    };

    Buffer bytes_;
    std::vector<Piece> pieces_;
    std::array<std::size_t, 2> charged_{};  // per direction: bytes, and what pieces take themselves
    std::size_t next_piece_ = 0, next_byte_ = 0;
};

}  // namespace umbratap::tls
