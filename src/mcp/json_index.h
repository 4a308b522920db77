// Where the tokens of a JSON text are: simdjson's first stage, and nothing of its second.
//
//     {"id": 7, "method":"ping"}        bytes
//     ^^   ^ ^^ ^       ^^     ^        tokens: brackets, colons, commas, the first byte of strings
//     and other scalars
//
// A text that stage 1 refuses (invalid UTF-8, control characters in strings, an end inside a
// string) is indexed again from a copy of the same length that it does not refuse, so positions
// hold for the text itself: structure is asked of the copy (`shape`), content of the text. So a
// damaged text is read as far as it goes, and nothing is parsed that nobody asks for: neither a
// number beyond all bounds nor a million brackets can fail.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/problem.h"

namespace umbratap::mcp {

class JsonIndex {
public:
    JsonIndex();
    ~JsonIndex();

    /// Keeps a view of `text` until the next call. Reads nothing behind its end.
    Problem read(Bytes text) noexcept;

    std::uint32_t count() const noexcept { return count_; }
    /// The first byte of a token; 0 behind the last.
    std::uint8_t kind(std::uint32_t token) const noexcept {
        return token < count_ ? shape_[tokens_[token]] : 0;
    }
    std::size_t position(std::uint32_t token) const noexcept {
        return token < count_ ? tokens_[token] : text_.size();
    }
    /// From the beginning of the token to its end, white space behind it taken off.
    std::string_view scalar(std::uint32_t token) const noexcept;
    /// Between the quotes of a string. False if the string (or what pretends to be one) has no end.
    bool string(std::uint32_t token, std::string_view& content) const noexcept;
    /// The bytes from the first byte of `first` to the end of the token before `end`.
    std::string_view between(std::uint32_t first, std::uint32_t end) const noexcept;

    /// `token` stands inside of a bracket. Returns the token behind the one that closes it, and in
    /// `deepest` how many were open at most, that bracket included. False if the text ends before.
    bool find_close(std::uint32_t& token, std::uint32_t& deepest) const noexcept;

    bool invalid_utf_8() const noexcept { return invalid_utf_8_; }
    bool mended() const noexcept { return mended_; }  ///< content needs mending, too

private:
    int stage_1(Bytes shape) noexcept;
    Problem mend(int error) noexcept;

    struct Simd;
    std::unique_ptr<Simd> simd_;
    std::vector<std::uint8_t> copy_;
    Bytes text_;
    const std::uint8_t* shape_ = nullptr;
    std::size_t shape_size_ = 0;  // the text's, and the quotes appended to a cut string
    const std::uint32_t* tokens_ = nullptr;
    std::uint32_t count_ = 0;
    bool invalid_utf_8_ = false;
    bool mended_ = false;
};

}  // namespace umbratap::mcp
