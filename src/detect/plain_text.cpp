// A text as a model reads it.
#include "detect/plain_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace umbratap::detect {
namespace {

constexpr char32_t no_character = 0xffffffff;

/// The character at `at`, which moves behind it; `no_character` for a byte that begins none.
char32_t next_character(std::string_view text, std::size_t& at) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(at);
    const std::size_t size = first < 0x80                     ? 1
                             : first >= 0xc2 && first <= 0xdf ? 2
                             : (first & 0xf0) == 0xe0         ? 3
                             : first >= 0xf0 && first <= 0xf4 ? 4
                                                              : 0;
    if (size == 0 || at + size > text.size()) {
        ++at;
        return no_character;
    }
    char32_t character = size == 1 ? first : first & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(at + i) & 0xc0) != 0x80) {
            ++at;
            return no_character;
        }
        character = character << 6 | (byte(at + i) & 0x3fU);
    }
    at += size;
    return character;
}

// Letters that look like Latin ones (a choice of Unicode's confusables): those of whole alphabets
// that somebody can type.
constexpr std::array<std::pair<char32_t, char>, 52> lookalikes = {{
    {0x0391, 'A'}, {0x0392, 'B'}, {0x0395, 'E'}, {0x0396, 'Z'}, {0x0397, 'H'}, {0x0399, 'I'},
    {0x039a, 'K'}, {0x039c, 'M'}, {0x039d, 'N'}, {0x039f, 'O'}, {0x03a1, 'P'}, {0x03a4, 'T'},
    {0x03a5, 'Y'}, {0x03a7, 'X'}, {0x03b1, 'a'}, {0x03b9, 'i'}, {0x03bd, 'v'}, {0x03bf, 'o'},
    {0x03c1, 'p'}, {0x03c5, 'u'}, {0x0405, 'S'}, {0x0406, 'I'}, {0x0408, 'J'}, {0x0410, 'A'},
    {0x0412, 'B'}, {0x0415, 'E'}, {0x041a, 'K'}, {0x041c, 'M'}, {0x041d, 'H'}, {0x041e, 'O'},
    {0x0420, 'P'}, {0x0421, 'C'}, {0x0422, 'T'}, {0x0425, 'X'}, {0x0430, 'a'}, {0x0435, 'e'},
    {0x043e, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'},
    {0x0456, 'i'}, {0x0458, 'j'}, {0x0501, 'd'}, {0x051b, 'q'}, {0x051d, 'w'}, {0x0131, 'i'},
    {0x017f, 's'}, {0x04bb, 'h'}, {0x04cf, 'l'}, {0x0261, 'g'},
}};

bool is_tag(char32_t c) noexcept {
    return c >= 0xe0000 && c <= 0xe007f;
}

bool is_direction(char32_t c) noexcept {
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool is_widthless(char32_t c) noexcept {
    return (c >= 0x200b && c <= 0x200d) || (c >= 0x2060 && c <= 0x2064) || c == 0xfeff ||
           c == 0x00ad || c == 0x034f || c == 0x180e;
}

/// The ASCII character that a reader takes it for; 0 if there is none.
char plain(char32_t c) noexcept {
    if (c >= 0xff01 && c <= 0xff5e) return static_cast<char>(c - 0xff01 + '!');
    if (c == 0x3000 || c == 0x00a0 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f) return ' ';
    if (c == 0x2028 || c == 0x2029) return '\n';
    if (c == 0x2018 || c == 0x2019 || c == 0x02bc) return '\'';
    if (c == 0x201c || c == 0x201d) return '"';
    if (c >= 0x2010 && c <= 0x2015) return '-';
    // Mathematical alphanumerics: thirteen alphabets of 52 letters, then digits.
    if (c >= 0x1d400 && c <= 0x1d6a3) {
        const auto letter = static_cast<int>((c - 0x1d400) % 52);
        return static_cast<char>(letter < 26 ? 'A' + letter : 'a' + letter - 26);
    }
    if (c >= 0x1d7ce && c <= 0x1d7ff) return static_cast<char>('0' + (c - 0x1d7ce) % 10);
    if (c >= 0x24b6 && c <= 0x24cf) return static_cast<char>('A' + (c - 0x24b6));
    if (c >= 0x24d0 && c <= 0x24e9) return static_cast<char>('a' + (c - 0x24d0));
    const auto found = std::find_if(lookalikes.begin(), lookalikes.end(),
                                    [&](const auto& pair) { return pair.first == c; });
    return found == lookalikes.end() ? '\0' : found->second;
}

bool is_latin_letter(char32_t c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

bool is_perhaps_not_plain(std::string_view text) noexcept {
    constexpr std::size_t block = 64;  // a loop without an early end is done many bytes at a time
    const auto holds = [](std::string_view some) {
        unsigned char all = 0;
        for (const char c : some) all |= static_cast<unsigned char>(c);
        return all >= 0x80;
    };
    for (; text.size() >= block; text.remove_prefix(block)) {
        if (holds(text.substr(0, block))) return true;
    }
    return holds(text);
}

void append_plain(std::string_view text, std::string& out) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t c = next_character(text, at);
        if (c < 0x80 || c == no_character) {
            out.append(text.substr(begin, at - begin));
        } else if (is_tag(c)) {
            if (c >= 0xe0020 && c <= 0xe007e) out.push_back(static_cast<char>(c - 0xe0000));
        } else if (is_widthless(c) || is_direction(c)) {
            // Nobody sees it.
        } else if (const char letter = plain(c); letter != '\0') {
            out.push_back(letter);
        } else {
            out.append(text.substr(begin, at - begin));
        }
    }
}

Hidden find_hidden(std::string_view text) noexcept {
    Hidden hidden;
    char32_t before = ' ', widthless = 0;
    std::size_t row = 0;
    bool flag = false;  // tags behind U+1F3F4 are the flag of a region
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t c = next_character(text, at);
        const std::size_t found = hidden.tags + hidden.directions + hidden.widthless;
        if (is_tag(c)) {
            if (!flag) ++hidden.tags;
        } else {
            flag = c == 0x1f3f4;
            if (is_direction(c)) {
                ++hidden.directions;
            } else if (is_widthless(c)) {
                // A joiner belongs between letters of other scripts, and in emoji; a mark of byte
                // order at the beginning of a file.
                if (++row > 1 && before < 0x80 && begin > 3) ++hidden.widthless;
                widthless = c;
            } else {
                if (row == 1 && widthless != 0x00ad && is_latin_letter(before) &&
                    is_latin_letter(c))
                    ++hidden.widthless;
                row = 0;
                before = c;
            }
        }
        if (hidden.tags + hidden.directions + hidden.widthless > found &&
            hidden.first == std::string_view::npos)
            hidden.first = begin;
    }
    return hidden;
}

/// A long row has a blank wherever one looks once in its length.
std::size_t find_behind_blanks(std::string_view text, std::size_t row, std::size_t from) noexcept {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    for (std::size_t at = from + row - 1; at < text.size(); at += row) {
        if (!is_blank(text[at])) continue;
        std::size_t first = at, behind = at;
        while (first > from && is_blank(text[first - 1])) --first;
        while (behind < text.size() && is_blank(text[behind])) ++behind;
        if (behind - first >= row && behind < text.size() && text[behind] != '\0') return behind;
        at = behind;
    }
    return std::string_view::npos;
}

}  // namespace umbratap::detect
