// JSON as it is written here.
#include "report/json.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

#include "report/text.h"

namespace umbratap::report {

namespace {

constexpr int depth_max = 64;

// Bytes that stand for themselves between quotes.
constexpr auto plain = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0x20; c < 0x7f; ++c) table[c] = c != '"' && c != '\\';
    return table;
}();

std::size_t plain_length(std::string_view text) noexcept {
    std::size_t length = 0;
    while (length < text.size() && plain[static_cast<std::uint8_t>(text[length])]) ++length;
    return length;
}

void append_escape(char32_t unit, std::string& out) {
    constexpr char digits[] = "0123456789abcdef";
    const char escape[] = {'\\',
                           'u',
                           digits[unit >> 12 & 15],
                           digits[unit >> 8 & 15],
                           digits[unit >> 4 & 15],
                           digits[unit & 15]};
    out.append(escape, sizeof escape);
}

// Appends the first character of `text`, which is not plain, and returns its length in bytes.
std::size_t append_special(std::string_view text, std::string& out) {
    switch (text[0]) {
        case '"':
            out += "\\\"";
            return 1;
        case '\\':
            out += "\\\\";
            return 1;
        case '\n':
            out += "\\n";
            return 1;
        case '\r':
            out += "\\r";
            return 1;
        case '\t':
            out += "\\t";
            return 1;
        default:
            break;
    }
    const Character character = first_character(text);
    if (!character.valid) {
        out += "\uFFFD";
    } else if (!is_deceptive(character.code)) {
        out += text.substr(0, character.length);
    } else if (character.code < 0x10000) {
        append_escape(character.code, out);
    } else {
        append_escape(0xd800 + ((character.code - 0x10000) >> 10), out);
        append_escape(0xdc00 + ((character.code - 0x10000) & 0x3ff), out);
    }
    return character.length;
}

void append_harmless(std::string_view text, std::string& out) {
    while (!text.empty()) {
        const std::size_t length = plain_length(text);
        out.append(text.data(), length);
        text.remove_prefix(length);
        if (!text.empty()) text.remove_prefix(append_special(text, out));
    }
}

// Copies one JSON value of RFC 8259 and checks it on the way.
class Copy {
public:
    Copy(std::string_view json, std::string& out, Content content)
        : in_(json), out_(out), content_(content) {}

    bool whole() {
        if (!value(0)) return false;
        skip_space();
        return in_.empty();
    }

private:
    void skip_space() {
        const std::size_t begin = in_.find_first_not_of(" \t\r\n");
        in_.remove_prefix(begin == in_.npos ? in_.size() : begin);
    }
    bool take(char c) {
        skip_space();
        if (in_.empty() || in_[0] != c) return false;
        out_.push_back(c);
        in_.remove_prefix(1);
        return true;
    }

    bool value(int depth) {
        skip_space();
        if (in_.empty() || depth > depth_max) return false;
        switch (in_[0]) {
            case '{':
                return members(depth);
            case '[':
                return elements(depth);
            case '"':
                return redacted(&Copy::string);
            case 't':
                return literal("true");
            case 'f':
                return literal("false");
            case 'n':
                return literal("null");
            default:
                return redacted(&Copy::number);
        }
    }
    bool redacted(bool (Copy::*scalar)()) {
        const std::size_t begin = out_.size();
        if (!(this->*scalar)()) return false;
        if (content_ == Content::redacted) out_.replace(begin, out_.npos, "\"***\"");
        return true;
    }
    bool members(int depth) {
        take('{');
        if (take('}')) return true;
        do {
            skip_space();
            if (in_.empty() || in_[0] != '"' || !string() || !take(':') || !value(depth + 1))
                return false;
        } while (take(','));
        return take('}');
    }
    bool elements(int depth) {
        take('[');
        if (take(']')) return true;
        do {
            if (!value(depth + 1)) return false;
        } while (take(','));
        return take(']');
    }
    bool literal(std::string_view word) {
        if (!in_.starts_with(word)) return false;
        out_ += word;
        in_.remove_prefix(word.size());
        return true;
    }
    std::size_t digits(std::size_t at) const {
        std::size_t end = at;
        while (end < in_.size() && in_[end] >= '0' && in_[end] <= '9') ++end;
        return end - at;
    }
    bool number() {
        std::size_t end = in_[0] == '-' ? 1 : 0;
        const std::size_t whole = digits(end);
        if (whole == 0 || (whole > 1 && in_[end] == '0')) return false;
        end += whole;
        if (end < in_.size() && in_[end] == '.') {
            const std::size_t fraction = digits(end + 1);
            if (fraction == 0) return false;
            end += 1 + fraction;
        }
        if (end < in_.size() && (in_[end] == 'e' || in_[end] == 'E')) {
            ++end;
            if (end < in_.size() && (in_[end] == '+' || in_[end] == '-')) ++end;
            const std::size_t exponent = digits(end);
            if (exponent == 0) return false;
            end += exponent;
        }
        // Beyond 64 bits or a double, readers disagree or refuse the line: then it is told as a
        // string.
        const std::string_view text = in_.substr(0, end);
        if (readable(text)) {
            out_ += text;
        } else {
            write_json_string(text, out_);
        }
        in_.remove_prefix(end);
        return true;
    }
    static bool readable(std::string_view number) {
        const char* end = number.data() + number.size();
        if (number.find_first_of(".eE") != number.npos) {
            double value = 0;
            return std::from_chars(number.data(), end, value).ec == std::errc();
        }
        std::int64_t value = 0;
        return std::from_chars(number.data(), end, value).ec == std::errc();
    }
    bool string() {
        out_.push_back('"');
        in_.remove_prefix(1);
        while (!in_.empty()) {
            const std::size_t length = plain_length(in_);
            out_ += in_.substr(0, length);
            in_.remove_prefix(length);
            if (in_.empty()) break;
            if (in_[0] == '"') {
                out_.push_back('"');
                in_.remove_prefix(1);
                return true;
            }
            if (in_[0] == '\\') {
                if (!escape()) return false;
            } else if (static_cast<std::uint8_t>(in_[0]) < 0x20) {
                return false;
            } else {
                in_.remove_prefix(append_special(in_, out_));
            }
        }
        return false;
    }
    bool escape() {
        if (in_.size() < 2) return false;
        if (in_[1] != 'u') {
            if (std::string_view("\"\\/bfnrt").find(in_[1]) == std::string_view::npos) return false;
            out_ += in_.substr(0, 2);
            in_.remove_prefix(2);
            return true;
        }
        char32_t unit = 0, next = 0;
        if (!hexadecimal(in_.substr(2), unit)) return false;
        in_.remove_prefix(6);
        if (unit >= 0xd800 && unit < 0xdc00 && in_.starts_with("\\u") &&
            hexadecimal(in_.substr(2), next) && next >= 0xdc00 && next < 0xe000) {
            append_escape(unit, out_);
            append_escape(next, out_);
            in_.remove_prefix(6);
        } else {
            append_escape(unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit,
                          out_);  // half a pair is no character
        }
        return true;
    }
    static bool hexadecimal(std::string_view text, char32_t& unit) {
        std::uint32_t value = 0;
        if (text.size() < 4) return false;
        const auto read = std::from_chars(text.data(), text.data() + 4, value, 16);
        unit = value;
        return read.ec == std::errc() && read.ptr == text.data() + 4;
    }

    std::string_view in_;
    std::string& out_;
    const Content content_;
};

}  // namespace

void write_json_string(std::string_view text, std::string& out) {
    out.push_back('"');
    append_harmless(text, out);
    out.push_back('"');
}

bool write_json_value(std::string_view json, std::string& out, Content content) {
    const std::size_t begin = out.size();
    if (Copy(json, out, content).whole()) return true;
    out.resize(begin);
    return false;
}

std::string redacted_json(std::string_view json) {
    std::string out;
    if (!json.empty() && !write_json_value(json, out, Content::redacted)) out = "\"***\"";
    return out;
}

void append_number(std::uint64_t value, std::string& out) {
    char digits[20];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

// Most members are short: they are put together here and appended at once, which halves the time of
// an event.
class JsonWriter::Piece {
public:
    explicit Piece(std::string& out) : out_(out) {}

    bool holds(std::size_t bytes) const noexcept {
        return bytes <= static_cast<std::size_t>(std::end(bytes_) - end_);
    }
    void key(std::string_view literal) noexcept {
        assert(literal.size() < 64);
        if (const char last = out_.back(); last != '{' && last != '[') *end_++ = ',';
        *end_++ = '"';
        end_ = std::copy(literal.begin(), literal.end(), end_);
        *end_++ = '"';
        *end_++ = ':';
    }
    void number(std::uint64_t value) noexcept {
        end_ = std::to_chars(end_, std::end(bytes_), value).ptr;
    }
    /// False, and nothing taken, unless all of it stands for itself.
    bool plain_text(std::string_view text) noexcept {
        if (!holds(text.size() + 2)) return false;
        char* at = end_;
        *at++ = '"';
        for (const char c : text) {
            if (!plain[static_cast<std::uint8_t>(c)]) return false;
            *at++ = c;
        }
        *at++ = '"';
        end_ = at;
        return true;
    }
    std::string& append() { return out_.append(bytes_, end_); }

private:
    std::string& out_;
    char bytes_[256];
    char* end_ = bytes_;
};

std::string& JsonWriter::key(std::string_view literal) {
    Piece piece(out_);
    piece.key(literal);
    return piece.append();
}

void JsonWriter::open(std::string_view literal) {
    key(literal).push_back('{');
}

void JsonWriter::close() {
    if (out_.back() != '{') {
        out_.push_back('}');
        return;
    }
    // Nothing but `"key":{` since open: keys are literals without quotes, so the quotes are easily
    // found.
    const std::size_t quote = out_.rfind('"', out_.size() - 4);
    assert(quote != out_.npos && quote > begin_);
    out_.resize(out_[quote - 1] == ',' ? quote - 1 : quote);
}

// Quotes included; cut where it is too long.
void JsonWriter::limited(std::string_view text) {
    const std::string_view cut = cut_text(text, text_bytes_max);
    out_.push_back('"');
    append_harmless(cut, out_);
    out_ += cut.size() < text.size() ? "…\"" : "\"";
}

void JsonWriter::list(const std::vector<std::string>& values) {
    out_.push_back('[');
    for (const std::string& value : values) {
        comma();
        limited(value);
    }
    out_.push_back(']');
}

void JsonWriter::text(std::string_view literal, std::string_view value) {
    if (value.empty()) return;
    Piece piece(out_);
    piece.key(literal);
    const bool whole = piece.plain_text(value);
    piece.append();
    if (!whole) limited(value);
}

void JsonWriter::texts(std::string_view literal, const std::vector<std::string>& values) {
    if (values.empty()) return;
    key(literal);
    list(values);
}

void JsonWriter::texts_of(std::string_view any_key, const std::vector<std::string>& values) {
    if (values.empty()) return;
    comma();
    limited(any_key);
    out_.push_back(':');
    list(values);
}

void JsonWriter::number(std::string_view literal, std::uint64_t value) {
    Piece piece(out_);
    piece.key(literal);
    piece.number(value);
    piece.append();
}

void JsonWriter::integer(std::string_view literal, std::int64_t value) {
    char digits[20];
    key(literal).append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void JsonWriter::milliseconds(std::string_view literal, double value) {
    if (!(value >= 0 && value < 1e15)) return;  // NaN too
    const auto microseconds = static_cast<std::uint64_t>(std::llround(value * 1000));
    append_number(microseconds / 1000, key(literal));
    const auto fraction = static_cast<int>(microseconds % 1000);
    const char digits[] = {'.', static_cast<char>('0' + fraction / 100),
                           static_cast<char>('0' + fraction / 10 % 10),
                           static_cast<char>('0' + fraction % 10)};
    out_.append(digits, sizeof digits);
}

void JsonWriter::truth(std::string_view literal, bool value) {
    key(literal) += value ? "true" : "false";
}

void JsonWriter::counts(std::string_view literal,
                        const std::map<std::string, std::uint64_t>& values) {
    key(literal).push_back('{');
    for (const auto& [name, count] : values) {
        comma();
        limited(name);
        out_.push_back(':');
        append_number(count, out_);
    }
    out_.push_back('}');
}

void JsonWriter::json(std::string_view literal, std::string_view value) {
    if (value.empty()) return;
    if (!write_json_value(value, key(literal))) write_json_string(value, out_);
}

}  // namespace umbratap::report
