// The chunked transfer coding.
#include "http/chunked.h"

#include <algorithm>

namespace umbratap::http {

namespace {

int hex_digit(std::uint8_t c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

void ChunkedDecoder::fail(const char* name, Problem& problem) noexcept {
    state_ = State::broken;
    problem = problem.or_else(Problem{name});
}

ChunkedDecoder ChunkedDecoder::behind_size(std::uint64_t size) noexcept {
    ChunkedDecoder decoder;
    decoder.left_ = size;
    decoder.first_ = false;
    decoder.size_over();
    return decoder;
}

/// One byte of a size line up to its extension.
void ChunkedDecoder::take_size(std::uint8_t c, Problem& problem) noexcept {
    if (carriage_return_ && c != '\n') return fail("http1.bad_chunk", problem);
    const int digit = blank_ ? -1 : hex_digit(c);
    if (digit >= 0) {
        // Fifteen significant digits are beyond any body, and what is longer wraps around somewhere
        // (threat T22).
        if (left_ >> 56 != 0) return fail("http1.chunk_size_overflow", problem);
        left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
        digits_ = 1;
        return;
    }
    if (digits_ == 0) return fail("http1.bad_chunk", problem);
    if (c == '\r') {
        carriage_return_ = true;
    } else if (c == '\n') {
        if (!carriage_return_) problem = problem.or_else(Problem{"http1.bare_line_feed"});
        carriage_return_ = false;
        size_over();
    } else if (c == ';') {
        state_ = State::extension;
    } else if (c == ' ' || c == '\t') {
        blank_ = true;
    } else {
        fail("http1.bad_chunk", problem);
    }
}

Bytes ChunkedDecoder::next(Bytes& in, Problem& problem) noexcept {
    while (!in.empty() && !ended() && !broken()) {
        if (state_ == State::data) {
            first_ = false;
            const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size()));
            const Bytes piece = in.first(length);
            in = in.subspan(length);
            left_ -= length;
            if (left_ == 0) state_ = State::data_end;
            return piece;
        }
        if (state_ == State::extension || state_ == State::trailer) {
            const void* feed = std::memchr(in.data(), '\n', in.size());
            if (feed == nullptr) {
                in = {};
                break;
            }
            in = in.subspan(
                static_cast<std::size_t>(static_cast<const std::uint8_t*>(feed) - in.data()) + 1);
            if (state_ == State::trailer) {
                state_ = State::trailer_start;
            } else {
                size_over();
            }
            continue;
        }
        const std::uint8_t c = in.front();
        in = in.subspan(1);
        switch (state_) {
            case State::size:
                take_size(c, problem);
                break;
            case State::data_end:  // CR LF, or LF alone
                if (c == '\n') {
                    if (!carriage_return_)
                        problem = problem.or_else(Problem{"http1.bare_line_feed"});
                    state_ = State::size;
                    carriage_return_ = blank_ = false;
                    digits_ = 0;
                } else if (c == '\r' && !carriage_return_) {
                    carriage_return_ = true;
                } else {
                    fail("http1.bad_chunk", problem);
                }
                break;
            case State::trailer_start:
                if (c == '\n') {
                    state_ = State::ended;
                } else if (c == '\r' && !carriage_return_) {
                    carriage_return_ = true;
                } else {
                    carriage_return_ = false;
                    state_ = State::trailer;
                }
                break;
            default:
                break;
        }
    }
    return {};
}

bool ChunkedDecoder::lose(std::uint64_t missing) noexcept {
    if (state_ != State::data || missing > left_) return false;
    left_ -= missing;
    first_ = false;
    if (left_ == 0) state_ = State::data_end;
    return true;
}

}  // namespace umbratap::http
