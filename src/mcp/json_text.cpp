// Unescaping, escaping, and the grammar of a value whose tokens are known.
#include "mcp/json_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "mcp/encoding.h"

namespace umbratap::mcp {
namespace {

constexpr std::uint32_t no_code_unit = 0xFFFF'FFFF;
constexpr std::uint32_t broken_escape = 0xFFFD;
constexpr std::string_view simple_escapes = "\"\\/bfnrt";
constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";

/// Letter of a simple escape → what it stands for; else 0.
constexpr std::array<char, 256> meanings_of_letters() {
    std::array<char, 256> table{};
    for (std::size_t i = 0; i < simple_escapes.size(); ++i)
        table[static_cast<std::uint8_t>(simple_escapes[i])] = meanings[i];
    return table;
}
constexpr std::array<char, 256> meaning_of = meanings_of_letters();

/// The lowest bit that is set is that of the first backslash.
std::uint64_t backslashes_in(std::uint64_t eight) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101U;
    const std::uint64_t zero_where = eight ^ ones * '\\';
    return (zero_where - ones) & ~zero_where & ones << 7;
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The value of `\uXXXX` at the front of `text`, or no_code_unit.
std::uint32_t code_unit(std::string_view text) noexcept {
    if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return no_code_unit;
    std::uint32_t unit = 0;
    for (std::size_t i = 2; i < 6; ++i) {
        const int digit = hex_digit(text[i]);
        if (digit < 0) return no_code_unit;
        unit = unit << 4 | static_cast<std::uint32_t>(digit);
    }
    return unit;
}

/// Takes one escape off the front of `text` (a backslash is there) and returns the code point.
std::uint32_t take_escape(std::string_view& text) noexcept {
    const char letter = text.size() > 1 ? text[1] : '\0';
    if (letter == 'u') {
        const std::uint32_t unit = code_unit(text);
        text.remove_prefix(unit == no_code_unit ? 2 : 6);
        if (unit == no_code_unit) return broken_escape;
        if (unit < 0xD800 || unit > 0xDBFF) return unit;
        const std::uint32_t low = code_unit(text);
        if (low < 0xDC00 || low > 0xDFFF) return broken_escape;
        text.remove_prefix(6);
        return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    const char meaning = meaning_of[static_cast<std::uint8_t>(letter)];
    text.remove_prefix(meaning != '\0' ? 2 : 1);
    return meaning != '\0' ? static_cast<std::uint8_t>(meaning) : broken_escape;
}

/// Copies what stands before the first backslash, and advances both; up to seven bytes more are
/// written. Escapes stand close: no call for what is between them.
void copy_plain(std::string_view& content, char*& to) noexcept {
    constexpr std::size_t block = sizeof(std::uint64_t);
    const char* from = content.data();
    const char* const end = from + content.size();
    std::size_t taken = block;
    for (; taken == block && from != end; from += taken, to += taken) {
        const auto left = static_cast<std::size_t>(end - from);
        std::uint64_t eight = 0;
        if (left >= block) {
            std::memcpy(&eight, from, block);
        } else {
            std::memcpy(&eight, from, left);
        }
        std::memcpy(to, &eight, block);
        const std::uint64_t found = backslashes_in(eight);
        taken = found != 0 ? static_cast<std::size_t>(std::countr_zero(found)) / 8
                           : std::min(left, block);
    }
    content.remove_prefix(static_cast<std::size_t>(from - content.data()));
}

/// All of a sound UTF-8 text.
void append_all_decoded(std::string& out, std::string_view content) {
    constexpr std::size_t margin = 8;
    char* to = nullptr;
    const auto make_room = [&](std::size_t written, std::size_t wanted) {
        if (wanted > out.size()) out.resize(wanted);
        to = out.data() + written;
    };
    make_room(out.size(), out.size() + content.size() + margin);
    std::string point;
    while (true) {
        copy_plain(content, to);
        if (content.empty()) break;
        const char letter = content.size() > 1 ? content[1] : '\0';
        if (const char meaning = meaning_of[static_cast<std::uint8_t>(letter)]; meaning != '\0') {
            *to++ = meaning;
            content.remove_prefix(2);
            continue;
        }
        point.clear();
        append_code_point(point, take_escape(content));
        // A broken escape becomes longer than it was.
        const auto written = static_cast<std::size_t>(to - out.data());
        const std::size_t wanted = written + point.size() + content.size() + margin;
        if (wanted > out.size()) make_room(written, wanted + content.size() / 2);
        to = std::copy(point.begin(), point.end(), to);
    }
    out.resize(static_cast<std::size_t>(to - out.data()));
}

}  // namespace

void append_decoded(std::string& out, std::string_view content, bool mend, std::size_t bytes_max) {
    if (!mend && bytes_max == std::string::npos) return append_all_decoded(out, content);
    const std::size_t begin = out.size();
    constexpr std::size_t longest = 4;  // of one code point
    // No byte takes more than the six characters of an escape: do not look at the rest of
    // megabytes.
    if (bytes_max < content.size() / 8) content = content.substr(0, 6 * (bytes_max + longest));
    while (!content.empty() && out.size() - begin <= bytes_max) {
        std::size_t run = std::min(content.find('\\'), content.size());
        if (bytes_max < content.size()) run = std::min(run, bytes_max + longest);
        const std::string_view plain = content.substr(0, run);
        mend ? append_mended(out, plain) : static_cast<void>(out.append(plain));
        content.remove_prefix(run);
        if (!content.empty() && content[0] == '\\') append_code_point(out, take_escape(content));
    }
    if (out.size() - begin <= bytes_max) return;
    std::size_t end = begin + bytes_max;
    while (end > begin && (static_cast<std::uint8_t>(out[end]) & 0xC0) == 0x80) --end;
    out.resize(end);
}

bool has_needless_escape(std::string_view content) noexcept {
    while (true) {
        const std::size_t backslash = content.find('\\');
        if (backslash == std::string_view::npos) return false;
        content.remove_prefix(backslash);
        const bool unicode = content.size() > 1 && content[1] == 'u';
        const std::uint32_t point = take_escape(content);
        if (unicode && point >= 0x20 && point <= 0x7E) return true;
    }
}

void append_json_string(std::string& out, std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    out.push_back('"');
    for (const char c : text) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte < 0x20) {
            out.append("\\u00").push_back(digits[byte >> 4]);
            out.push_back(digits[byte & 15]);
        } else {
            if (c == '"' || c == '\\') out.push_back('\\');
            out.push_back(c);
        }
    }
    out.push_back('"');
}

bool is_number(std::string_view text) noexcept {
    std::size_t i = 0;
    const auto at = [&] { return i < text.size() ? text[i] : '\0'; };
    const auto digits = [&] {
        const std::size_t begin = i;
        while (at() >= '0' && at() <= '9') ++i;
        return i > begin;
    };
    if (at() == '-') ++i;
    if (at() == '0') {
        ++i;
    } else if (!digits()) {
        return false;
    }
    if (at() == '.') {
        ++i;
        if (!digits()) return false;
    }
    if (at() == 'e' || at() == 'E') {
        ++i;
        if (at() == '+' || at() == '-') ++i;
        if (!digits()) return false;
    }
    return i == text.size();
}

namespace {

/// Outside of strings no backslash is sound, so they can be looked for in all at once.
bool has_sound_escapes(std::string_view raw) noexcept {
    while (true) {
        const std::size_t backslash = raw.find('\\');
        if (backslash == std::string_view::npos) return true;
        raw.remove_prefix(backslash);
        const char letter = raw.size() > 1 ? raw[1] : '\0';
        if (letter == 'u') {
            if (code_unit(raw) == no_code_unit) return false;
        } else if (meaning_of[static_cast<std::uint8_t>(letter)] == '\0') {
            return false;
        }
        raw.remove_prefix(2);
    }
}

/// A string is sound if it ends, apart from its escapes; only the last token can be without an end.
bool is_sound_scalar(const JsonIndex& index, std::uint32_t token) noexcept {
    if (index.kind(token) == '"') {
        std::string_view content;
        return token + 1 < index.count() || index.string(token, content);
    }
    const std::string_view text = index.scalar(token);
    return is_number(text) || text == "true" || text == "false" || text == "null";
}

}  // namespace

bool Grammar::holds(const JsonIndex& index, std::uint32_t first, std::uint32_t end) {
    enum class Next { value, value_or_end, key, key_or_end, colon, comma_or_end, nothing };
    Next next = Next::value;
    open_.clear();
    const auto after_value = [&] { return open_.empty() ? Next::nothing : Next::comma_or_end; };
    for (std::uint32_t token = first; token < end; ++token) {
        const std::uint8_t kind = index.kind(token);
        switch (next) {
            case Next::key_or_end:
            case Next::value_or_end:
                if (kind == '}' || kind == ']') {
                    if (open_.back() != kind) return false;
                    open_.pop_back();
                    next = after_value();
                    break;
                }
                next = next == Next::key_or_end ? Next::key : Next::value;
                --token;  // look at it again
                break;
            case Next::key:
                if (kind != '"' || !is_sound_scalar(index, token)) return false;
                next = Next::colon;
                break;
            case Next::colon:
                if (kind != ':') return false;
                next = Next::value;
                break;
            case Next::value:
                if (kind == '{' || kind == '[') {
                    open_.push_back(kind == '{' ? '}' : ']');
                    next = kind == '{' ? Next::key_or_end : Next::value_or_end;
                } else {
                    if (!is_sound_scalar(index, token)) return false;
                    next = after_value();
                }
                break;
            case Next::comma_or_end:
                if (kind == ',') {
                    next = open_.back() == '}' ? Next::key : Next::value;
                } else {
                    if (kind != open_.back()) return false;
                    open_.pop_back();
                    next = after_value();
                }
                break;
            case Next::nothing:
                return false;
        }
    }
    return next == Next::nothing && has_sound_escapes(index.between(first, end));
}

void append_raw(std::string& out, std::string_view raw, bool mend) {
    if (!mend) {
        out.append(raw);
        return;
    }
    std::string escaped;
    bool in_string = false;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const auto byte = static_cast<std::uint8_t>(raw[i]);
        if (byte < 0x20 && in_string) {
            escaped.append("\\u00").push_back(byte < 0x10 ? '0' : '1');
            escaped.push_back("0123456789abcdef"[byte & 15]);
            continue;
        }
        escaped.push_back(byte < 0x20 ? ' ' : raw[i]);
        if (raw[i] == '"') in_string = !in_string;
        if (raw[i] == '\\' && i + 1 < raw.size() && static_cast<std::uint8_t>(raw[i + 1]) >= 0x20)
            escaped.push_back(raw[++i]);
    }
    append_mended(out, escaped);
}

}  // namespace umbratap::mcp
