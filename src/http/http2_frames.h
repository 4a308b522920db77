// Frames of one direction of an HTTP/2 connection (RFC 9113, 4 and 6), taken apart as they come:
// nothing is collected but the first bytes of a frame.
//
//     length:24 type:8 flags:8 R:1 stream:31 │ pad length, priority, promised stream │ content │
//     padding └────────────── header ────────────────┴─────── as type and flags say ─────────┘
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/problem.h"

namespace umbratap::http {

enum class FrameType : std::uint8_t {
    data = 0,
    headers = 1,
    priority = 2,
    rst_stream = 3,
    settings = 4,
    push_promise = 5,
    ping = 6,
    goaway = 7,
    window_update = 8,
    continuation = 9,
    priority_update = 16,  ///< RFC 9218, 7.1
};

struct FrameHeader {
    static constexpr std::size_t size = 9;
    static constexpr std::uint8_t end_stream = 0x01, ack = 0x01, end_headers = 0x04, padded = 0x08,
                                  with_priority = 0x20;

    std::uint32_t length = 0;          ///< of the payload
    FrameType type = FrameType::data;  ///< as sent, known or not
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    bool reserved = false;  ///< the bit that must not be set is

    bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
};

/// `at` points to FrameHeader::size bytes.
FrameHeader read_frame_header(const std::uint8_t* at) noexcept;

class FrameReader {
public:
    enum class Found : std::uint8_t {
        nothing,  ///< all was taken, more is needed
        header,   ///< a frame begins
        content,  ///< the next part of its content, without padding
        end,      ///< it is over
    };

    /// Takes from the front of `in`. http2.bad_frame_size, http2.bad_padding: the frame is read by
    /// its length all the same.
    Found next(Bytes& in, Problem& problem) noexcept;
    /// Of the frame that is being read.
    const FrameHeader& frame() const noexcept { return frame_; }
    Bytes content() const noexcept { return content_; }
    std::uint32_t promised_stream() const noexcept { return promised_; }
    std::uint32_t content_left() const noexcept { return content_left_; }

    /// A hole of `missing` bytes. True if it lies behind the header of the present frame, and
    /// within it; else it is unknown where the next frame begins.
    bool lose(std::uint64_t missing) noexcept;
    /// The next byte begins a frame.
    void restart() noexcept { *this = {}; }
    /// How many bytes of an unfinished header were taken.
    std::size_t waiting() const noexcept { return in_ == In::start ? start_size_ : 0; }

private:
    enum class In : std::uint8_t { start, body };

    bool take_start(Bytes& in) noexcept;
    Problem read_start() noexcept;

    In in_ = In::start;
    std::array<std::uint8_t, FrameHeader::size + 6> start_{};
    std::uint8_t start_size_ = 0;
    std::uint8_t start_wanted_ = FrameHeader::size;
    FrameHeader frame_;
    Bytes content_;
    std::uint32_t promised_ = 0;
    std::uint32_t content_left_ = 0;
    std::uint32_t padding_left_ = 0;
};

}  // namespace umbratap::http
