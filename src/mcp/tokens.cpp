// How many tokens a model makes of a text, about.
//
// Tokenizers cut a text where letters, digits, marks and white space meet, and then further. So a
// text costs what these meetings cost on average, and its longer words a little more.
#include "mcp/tokens.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace umbratap::mcp {
namespace {

enum Class : std::uint8_t { mark, space, line, digit, small, capital, other, two, three, four };

constexpr std::array<std::uint8_t, 256> classes_of_bytes() {
    std::array<std::uint8_t, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c) {
        table[c] = c >= 0xf0              ? four
                   : c >= 0xe0            ? three
                   : c >= 0xc0            ? two
                   : c >= 0x80            ? other
                   : c >= 'a' && c <= 'z' ? small
                   : c >= 'A' && c <= 'Z' ? capital
                   : c >= '0' && c <= '9' ? digit
                   : c == ' '             ? space
                   : c > 8 && c < 14      ? line
                                          : mark;
    }
    return table;
}
constexpr std::array<std::uint8_t, 256> classes = classes_of_bytes();

/// Hundredths of a token, by what was before and what comes. A character of another script costs
/// where its first byte is, whatever was before.
constexpr std::uint8_t costs[7][10] = {
    // mark space line digit small capital other two three four
    {6, 0, 19, 116, 107, 110, 0, 29, 69, 150},   // mark
    {113, 1, 150, 77, 2, 0, 0, 29, 69, 150},     // space
    {117, 56, 23, 7, 0, 150, 0, 29, 69, 150},    // line
    {128, 54, 134, 11, 79, 0, 0, 29, 69, 150},   // digit
    {46, 111, 45, 116, 5, 109, 0, 29, 69, 150},  // small
    {36, 150, 0, 28, 2, 0, 0, 29, 69, 150},      // capital
    {23, 0, 0, 150, 0, 150, 0, 29, 69, 150},     // other
};

/// The same by two bytes, the first of which is the lower one: one look instead of three.
std::array<std::uint8_t, 65536> costs_of_pairs() noexcept {
    std::array<std::uint8_t, 65536> table{};
    for (std::size_t pair = 0; pair < table.size(); ++pair) {
        const std::uint8_t before = classes[pair & 0xff];
        table[pair] = costs[std::min<std::uint8_t>(before, other)][classes[pair >> 8]];
    }
    return table;
}

std::uint64_t hundredths(std::string_view text) noexcept {
    static const std::array<std::uint8_t, 65536> cost_of = costs_of_pairs();
    if (text.empty()) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    std::uint64_t sum = cost_of['\n' | byte(0) << 8];
    for (std::size_t i = 1; i < text.size(); ++i) {
        std::uint16_t pair;
        std::memcpy(&pair, &text[i - 1], sizeof pair);
        sum += cost_of[pair];
    }
    return sum + cost_of[byte(text.size() - 1) | ' ' << 8];  // where a word ends
}

std::uint64_t whole(std::uint64_t some) noexcept {
    return (some + 50) / 100;
}

}  // namespace

std::uint64_t tokens_estimate(std::string_view text) noexcept {
    return whole(hundredths(text));
}

std::uint64_t tokens_of_result(const ReadableStrings& strings) noexcept {
    std::uint64_t texts = 0, others = 0;
    for (std::size_t i = 0; i < strings.size(); ++i) {
        if (strings.area(i) == Area::definition || strings.has_key(i, "data") ||
            strings.has_key(i, "blob"))
            continue;
        (strings.has_key(i, "text") ? texts : others) += hundredths(strings.value(i));
    }
    return whole(texts > 0 ? texts : others);
}

std::uint64_t tokens_of_arguments(const ReadableStrings& strings) noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < strings.size(); ++i) {
        if (strings.is_argument(i)) sum += hundredths(strings.value(i));
    }
    return whole(sum);
}

}  // namespace umbratap::mcp
