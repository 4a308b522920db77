// Text that came off the wire, character by character.
#include "report/text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace umbratap::report {

namespace {

struct Range {
    char32_t first, last;
};

constexpr Range deceptive[] = {
    {0x0000, 0x001f},    // C0
    {0x007f, 0x009f},    // DEL, C1
    {0x00ad, 0x00ad},    // soft hyphen
    {0x061c, 0x061c},    // Arabic letter mark
    {0x115f, 0x1160},    // Hangul fillers
    {0x180e, 0x180e},    // Mongolian vowel separator
    {0x200b, 0x200f},    // zero width space to right-to-left mark
    {0x2028, 0x202e},    // line and paragraph separator, embeddings and overrides
    {0x2060, 0x206f},    // word joiner, invisible operators, isolates
    {0x3164, 0x3164},    // Hangul filler
    {0xfe00, 0xfe0f},    // variation selectors
    {0xfeff, 0xfeff},    // byte order mark
    {0xfff9, 0xfffb},    // interlinear annotation
    {0xe0000, 0xe0fff},  // tags, variation selectors supplement
};

// What terminals give two columns: the wide blocks of Unicode's EastAsianWidth.txt, and emoji.
constexpr Range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},   {0x25fd, 0x25fe},
    {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26a1, 0x26a1},   {0x26bd, 0x26be},
    {0x2705, 0x2705},   {0x274c, 0x274c},   {0x2753, 0x2755},   {0x2795, 0x2797},
    {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2e80, 0x303e},   {0x3041, 0x33ff},
    {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xa960, 0xa97c},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
    {0xffe0, 0xffe6},   {0x16fe0, 0x18cff}, {0x1b000, 0x1b2ff}, {0x1f004, 0x1f004},
    {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a}, {0x1f200, 0x1f320},
    {0x1f32d, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f7e0, 0x1f7eb}, {0x1f90c, 0x1f9ff},
    {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

// Marks that are drawn over the character before them: the common blocks.
constexpr Range combining[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x06d6, 0x06dc}, {0x0900, 0x0902}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20f0}, {0xfe20, 0xfe2f},
};

template <std::size_t Size>
bool holds(const Range (&ranges)[Size], char32_t code) noexcept {
    const auto* after =
        std::upper_bound(std::begin(ranges), std::end(ranges), code,
                         [](char32_t c, const Range& range) { return c < range.first; });
    return after != std::begin(ranges) && code <= after[-1].last;
}

}  // namespace

Character first_character(std::string_view text) noexcept {
    const auto lead = static_cast<std::uint8_t>(text[0]);
    if (lead < 0x80) return {lead, 1, true};
    std::uint8_t lowest = 0x80, highest = 0xbf, length;  // of the second byte (RFC 3629, 4)
    char32_t code;
    if (lead >= 0xc2 && lead <= 0xdf) {
        length = 2;
        code = lead & 0x1fU;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        length = 3;
        code = lead & 0x0fU;
        if (lead == 0xe0) lowest = 0xa0;
        if (lead == 0xed) highest = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        length = 4;
        code = lead & 0x07U;
        if (lead == 0xf0) lowest = 0x90;
        if (lead == 0xf4) highest = 0x8f;
    } else {
        return {0xfffd, 1, false};
    }
    for (std::uint8_t i = 1; i < length; ++i) {
        const auto next = i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
        if (next < lowest || next > highest) return {0xfffd, i, false};
        code = code << 6 | (next & 0x3fU);
        lowest = 0x80;
        highest = 0xbf;
    }
    return {code, length, true};
}

bool is_deceptive(char32_t code) noexcept {
    return holds(deceptive, code);
}

void append_escape(char32_t code, std::string& out) {
    std::array<char, 8> digits;
    const char* end =
        std::to_chars(digits.begin(), digits.end(), static_cast<std::uint32_t>(code), 16).ptr;
    out += "\\u{";
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
    out.push_back('}');
}

std::string_view cut_text(std::string_view text, std::size_t bytes_max) noexcept {
    if (text.size() <= bytes_max) return text;
    std::size_t end = bytes_max;
    // A character has at most three continuation bytes; where there are more, it is no UTF-8 and
    // any cut will do.
    for (int i = 0; i < 3 && end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80; ++i)
        --end;
    return text.substr(0, end);
}

int columns_of(char32_t code) noexcept {
    if (code < 0x300) return 1;
    if (holds(combining, code)) return 0;
    return holds(wide, code) ? 2 : 1;
}

int columns_of(std::string_view text) noexcept {
    int columns = 0;
    while (!text.empty()) {
        const Character character = first_character(text);
        columns += columns_of(character.code);
        text.remove_prefix(character.length);
    }
    return columns;
}

std::string terminal_text(std::string_view text, int columns_max) {
    std::string out;
    std::size_t cut_at = 0;  // where "…" would still fit
    int columns = 0;
    while (!text.empty()) {
        const Character character = first_character(text);
        std::string escape;
        std::string_view piece = text.substr(0, character.length);
        int width = columns_of(character.code);
        if (!character.valid) {
            piece = "\uFFFD";
        } else if (is_deceptive(character.code)) {
            append_escape(character.code, escape);
            piece = escape;
            width = static_cast<int>(piece.size());
        }
        if (columns + width > columns_max || out.size() > text_bytes_max) {
            out.resize(cut_at);
            if (columns_max > 0) out += "…";
            return out;
        }
        out += piece;
        columns += width;
        if (columns < columns_max) cut_at = out.size();
        text.remove_prefix(character.length);
    }
    return out;
}

}  // namespace umbratap::report
