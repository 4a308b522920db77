// simdjson's first stage behind a class; the only place that names simdjson.
//
// Its second stage is not used. The DOM refuses a whole text for one number or one byte; On-Demand
// forgets what it read when a later token is wrong, and chooses its kernel when it is compiled,
// where stage 1 chooses it at run time.
#include "mcp/json_index.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <new>

namespace umbratap::mcp {
namespace {

constexpr std::size_t first_capacity = 64 * 1024;
constexpr std::size_t text_bytes_max = std::size_t{1}
                                       << 30;  // tokens are 32 bits; callers stay far below

bool is_blank(std::uint8_t byte) noexcept {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/// What a token adds to the number of open brackets.
constexpr auto steps = [] {
    std::array<std::int8_t, 256> all{};
    all['{'] = all['['] = 1;
    all['}'] = all[']'] = -1;
    return all;
}();

}  // namespace

struct JsonIndex::Simd {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
};

JsonIndex::JsonIndex() : simd_(std::make_unique<Simd>()) {
    const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
        first_capacity, 1, simd_->parser);
    if (error) throw std::bad_alloc();
}

JsonIndex::~JsonIndex() = default;

int JsonIndex::stage_1(Bytes shape) noexcept {
    auto& parser = *simd_->parser;
    if (shape.size() > parser.capacity()) {
        const std::size_t wanted =
            std::max(shape.size(), std::min(2 * parser.capacity(), text_bytes_max));
        if (parser.set_capacity(wanted)) return simdjson::MEMALLOC;
    }
    parser.n_structural_indexes = 0;
    const auto error = parser.stage1(shape.data(), shape.size(), simdjson::stage1_mode::regular);
    shape_ = shape.data();
    shape_size_ = shape.size();
    tokens_ = parser.structural_indexes.get();
    count_ = error ? 0 : parser.n_structural_indexes;
    return error;
}

/// Changes the copy such that stage 1 has this reason less to refuse it.
Problem JsonIndex::mend(int error) noexcept {
    switch (error) {
        case simdjson::UNCLOSED_STRING: {
            // An odd number of backslashes would swallow the quote that closes the string: a second
            // one does.
            const auto last =
                std::find_if(copy_.rbegin(), copy_.rend(), [](auto byte) { return byte != '\\'; });
            copy_.insert(copy_.end(), (last - copy_.rbegin()) % 2 ? 2 : 1, '"');
            return Problem{"json.broken"};
        }
        case simdjson::UNESCAPED_CHARS:
            for (std::uint8_t& byte : copy_) byte = byte < 0x20 ? ' ' : byte;
            return Problem{"json.control_character"};
        case simdjson::UTF8_ERROR:
            for (std::uint8_t& byte : copy_) byte = byte >= 0x80 ? 'x' : byte;
            invalid_utf_8_ = true;
            return Problem{"json.invalid_utf_8"};
        default:
            return Problem{"json.broken"};
    }
}

Problem JsonIndex::read(Bytes text) noexcept {
    text_ = text;
    count_ = 0;
    invalid_utf_8_ = mended_ = false;
    if (text.size() > text_bytes_max) return Problem{"json.too_long"};
    int error = stage_1(text);
    if (error == simdjson::SUCCESS || error == simdjson::EMPTY) return no_problem;
    mended_ = true;
    Problem problem;
    copy_.assign(text.begin(), text.end());
    for (int mends = 0; error != simdjson::SUCCESS && mends < 3; ++mends) {
        problem = problem.or_else(mend(error));
        error = stage_1(copy_);
    }
    return error ? Problem{"json.broken"} : problem;
}

std::string_view JsonIndex::scalar(std::uint32_t token) const noexcept {
    const std::size_t begin = tokens_[token];
    std::size_t end = token + 1 < count_ ? tokens_[token + 1] : shape_size_;
    while (end > begin && is_blank(shape_[end - 1])) --end;
    end = std::min(end, text_.size());
    return as_text(text_).substr(begin, end - begin);
}

bool JsonIndex::string(std::uint32_t token, std::string_view& content) const noexcept {
    const std::size_t begin = tokens_[token];
    std::size_t end = token + 1 < count_ ? tokens_[token + 1] : shape_size_;
    while (end > begin && is_blank(shape_[end - 1])) --end;
    if (end > text_.size() || end - begin < 2 || shape_[end - 1] != '"') return false;
    content = as_text(text_).substr(begin + 1, end - begin - 2);
    return true;
}

std::string_view JsonIndex::between(std::uint32_t first, std::uint32_t end) const noexcept {
    const std::string_view last = scalar(end - 1);
    const std::size_t begin = tokens_[first];
    return as_text(text_).substr(
        begin, static_cast<std::size_t>(last.data() - as_text(text_).data()) + last.size() - begin);
}

/// Without a branch that the content of the text decides.
bool JsonIndex::find_close(std::uint32_t& token, std::uint32_t& deepest) const noexcept {
    std::uint32_t at = token;
    std::int32_t open = 1, most = 1;
    while (at < count_ && open != 0) {
        open += steps[shape_[tokens_[at++]]];
        most = std::max(most, open);
    }
    token = at;
    deepest = static_cast<std::uint32_t>(most);
    return open == 0;
}

}  // namespace umbratap::mcp
