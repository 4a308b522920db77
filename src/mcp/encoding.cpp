// Encodings of JSON texts: detection by the first four bytes, transcoding, mending.
#include "mcp/encoding.h"

#include <algorithm>

namespace umbratap::mcp {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

std::uint32_t unit_16(Encoding encoding, const std::uint8_t* at) noexcept {
    return encoding == Encoding::utf_16_le ? little_endian_16(at) : big_endian_16(at);
}

std::uint32_t unit_32(Encoding encoding, const std::uint8_t* at) noexcept {
    return encoding == Encoding::utf_32_le ? little_endian_32(at) : big_endian_32(at);
}

/// Length of the well-formed sequence at the front of `text`, or 0 and in `bad` the length of its
/// maximal part that could have begun one (at least 1).
std::size_t sequence_length(std::string_view text, std::size_t& bad) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = byte(0);
    bad = 1;
    if (lead < 0x80) return 1;
    std::size_t length = 0;
    std::uint8_t low = 0x80, high = 0xBF;  // what the second byte may be
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        if (lead == 0xE0) low = 0xA0;   // no overlong forms
        if (lead == 0xED) high = 0x9F;  // no surrogates
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
    } else {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (i >= text.size() || byte(i) < low || byte(i) > high) return 0;
        low = 0x80;
        high = 0xBF;
        bad = i + 1;
    }
    return length;
}

}  // namespace

EncodingSign encoding_of(Bytes text) noexcept {
    const auto begins = [&](std::uint8_t a, std::uint8_t b) {
        return text.size() >= 2 && text[0] == a && text[1] == b;
    };
    const bool four = text.size() >= 4;
    if (four && begins(0xFF, 0xFE) && !text[2] && !text[3]) return {Encoding::utf_32_le, 4};
    if (four && begins(0, 0) && text[2] == 0xFE && text[3] == 0xFF) return {Encoding::utf_32_be, 4};
    if (begins(0xFF, 0xFE)) return {Encoding::utf_16_le, 2};
    if (begins(0xFE, 0xFF)) return {Encoding::utf_16_be, 2};
    if (text.size() >= 3 && begins(0xEF, 0xBB) && text[2] == 0xBF) return {Encoding::utf_8, 3};
    if (!four) return {};
    const unsigned zeros =
        (text[0] ? 0 : 8) | (text[1] ? 0 : 4) | (text[2] ? 0 : 2) | (text[3] ? 0 : 1);
    switch (zeros) {
        case 0b1110:
            return {Encoding::utf_32_be, 0};
        case 0b0111:
            return {Encoding::utf_32_le, 0};
        case 0b1010:
            return {Encoding::utf_16_be, 0};
        case 0b0101:
            return {Encoding::utf_16_le, 0};
        default:
            return {};
    }
}

bool is_wide_json(Bytes text) {
    constexpr std::size_t enough = 256;
    const EncodingSign sign = encoding_of(text);
    if (sign.encoding == Encoding::utf_8) return false;
    text = text.subspan(sign.mark_size);
    std::string front;
    append_as_utf_8(sign.encoding, text.first(std::min(text.size(), enough)), front);
    const bool blank = front.find_first_not_of(" \t\r\n") == std::string::npos;
    return blank ? text.size() > enough : opens_bracket(as_bytes(front));
}

bool opens_bracket(Bytes utf_8) noexcept {
    for (const std::uint8_t byte : utf_8) {
        if (byte == '{' || byte == '[') return true;
        if (byte > ' ') return false;
    }
    return false;
}

void append_code_point(std::string& out, std::uint32_t code_point) {
    const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xC0 | code_point >> 6);
        put(0x80 | (code_point & 0x3F));
    } else if (code_point < 0x10000) {
        if (code_point >= 0xD800 && code_point <= 0xDFFF) {
            out.append(replacement);
            return;
        }
        put(0xE0 | code_point >> 12);
        put(0x80 | (code_point >> 6 & 0x3F));
        put(0x80 | (code_point & 0x3F));
    } else if (code_point <= 0x10FFFF) {
        put(0xF0 | code_point >> 18);
        put(0x80 | (code_point >> 12 & 0x3F));
        put(0x80 | (code_point >> 6 & 0x3F));
        put(0x80 | (code_point & 0x3F));
    } else {
        out.append(replacement);
    }
}

void append_as_utf_8(Encoding encoding, Bytes text, std::string& out) {
    const bool wide = encoding == Encoding::utf_32_le || encoding == Encoding::utf_32_be;
    const std::size_t step = wide ? 4 : 2;
    out.reserve(out.size() + text.size() / step);
    for (std::size_t i = 0; i + step <= text.size(); i += step) {
        std::uint32_t point = wide ? unit_32(encoding, &text[i]) : unit_16(encoding, &text[i]);
        if (!wide && point >= 0xD800 && point <= 0xDBFF && i + 4 <= text.size()) {
            const std::uint32_t low = unit_16(encoding, &text[i + 2]);
            if (low >= 0xDC00 && low <= 0xDFFF) {
                point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
                i += 2;
            }
        }
        append_code_point(out, point);
    }
}

void append_mended(std::string& out, std::string_view text) {
    std::size_t sound = 0;  // bytes at the front of text that can be copied as they are
    while (sound < text.size()) {
        std::size_t bad = 0;
        if (const std::size_t length = sequence_length(text.substr(sound), bad)) {
            sound += length;
            continue;
        }
        out.append(text.substr(0, sound)).append(replacement);
        text.remove_prefix(sound + bad);
        sound = 0;
    }
    out.append(text);
}

void cut_to(std::string& text, std::size_t bytes_max) noexcept {
    if (text.size() <= bytes_max) return;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
}

}  // namespace umbratap::mcp
