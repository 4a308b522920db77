// Frames of one direction of an HTTP/2 connection.
#include "http/http2_frames.h"

#include <algorithm>

namespace umbratap::http {

namespace {

bool may_be_padded(FrameType type) noexcept {
    return type == FrameType::data || type == FrameType::headers || type == FrameType::push_promise;
}

/// Bytes between the header and the content.
std::uint32_t prefix_bytes(const FrameHeader& frame) noexcept {
    std::uint32_t bytes = may_be_padded(frame.type) && frame.has(FrameHeader::padded) ? 1 : 0;
    if (frame.type == FrameType::headers && frame.has(FrameHeader::with_priority)) bytes += 5;
    if (frame.type == FrameType::push_promise) bytes += 4;
    return bytes;
}

/// Whether a frame of that type may have that length (RFC 9113, 6).
bool has_right_size(const FrameHeader& frame) noexcept {
    switch (frame.type) {
        case FrameType::priority:
            return frame.length == 5;
        case FrameType::rst_stream:
        case FrameType::window_update:
            return frame.length == 4;
        case FrameType::settings:
            return frame.length % 6 == 0;
        case FrameType::ping:
            return frame.length == 8;
        case FrameType::goaway:
            return frame.length >= 8;
        default:
            return frame.length >= prefix_bytes(frame);
    }
}

}  // namespace

FrameHeader read_frame_header(const std::uint8_t* at) noexcept {
    FrameHeader frame;
    frame.length = big_endian_24(at);
    frame.type = FrameType{at[3]};
    frame.flags = at[4];
    const std::uint32_t stream = big_endian_32(at + 5);
    frame.stream = stream & 0x7fffffffU;
    frame.reserved = frame.stream != stream;
    return frame;
}

/// True once the start of the frame is whole.
bool FrameReader::take_start(Bytes& in) noexcept {
    while (start_size_ < start_wanted_) {
        if (in.empty()) return false;
        start_[start_size_++] = in.front();
        in = in.subspan(1);
        if (start_size_ != FrameHeader::size) continue;
        frame_ = read_frame_header(start_.data());
        start_wanted_ = static_cast<std::uint8_t>(FrameHeader::size +
                                                  std::min(prefix_bytes(frame_), frame_.length));
    }
    return true;
}

Problem FrameReader::read_start() noexcept {
    const auto prefix = static_cast<std::uint32_t>(start_wanted_ - FrameHeader::size);
    const std::uint8_t* at = start_.data() + FrameHeader::size;
    content_left_ = frame_.length - prefix;
    padding_left_ = promised_ = 0;
    if (!has_right_size(frame_)) return Problem{"http2.bad_frame_size"};
    if (may_be_padded(frame_.type) && frame_.has(FrameHeader::padded)) padding_left_ = *at++;
    if (frame_.type == FrameType::push_promise) promised_ = big_endian_32(at) & 0x7fffffffU;
    if (padding_left_ > content_left_) {
        padding_left_ = 0;
        return Problem{"http2.bad_padding"};
    }
    content_left_ -= padding_left_;
    return no_problem;
}

FrameReader::Found FrameReader::next(Bytes& in, Problem& problem) noexcept {
    if (in_ == In::start) {
        if (!take_start(in)) return Found::nothing;
        problem = read_start();
        in_ = In::body;
        return Found::header;
    }
    if (content_left_ > 0) {
        if (in.empty()) return Found::nothing;
        content_ = in.first(std::min<std::size_t>(in.size(), content_left_));
        in = in.subspan(content_.size());
        content_left_ -= static_cast<std::uint32_t>(content_.size());
        return Found::content;
    }
    const std::size_t padding = std::min<std::size_t>(in.size(), padding_left_);
    in = in.subspan(padding);
    padding_left_ -= static_cast<std::uint32_t>(padding);
    if (padding_left_ > 0) return Found::nothing;
    in_ = In::start;
    start_size_ = 0;
    start_wanted_ = FrameHeader::size;
    return Found::end;
}

bool FrameReader::lose(std::uint64_t missing) noexcept {
    if (in_ == In::start || missing > std::uint64_t{content_left_} + padding_left_) return false;
    const auto of_content =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(missing, content_left_));
    content_left_ -= of_content;
    padding_left_ -= static_cast<std::uint32_t>(missing - of_content);
    return true;
}

}  // namespace umbratap::http
