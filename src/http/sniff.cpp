// What a body is by its first bytes.
#include "http/sniff.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace umbratap::http {

namespace {

constexpr std::array<std::string_view, 5> field_names = {"data:", "event:", "id:", "retry:", ":"};

bool says_nothing(std::uint8_t c) noexcept {
    switch (c) {
        case ' ':
        case '\t':
        case '\r':
        case '\n':
        case 0:  // the other half of a UTF-16 character
        case 0xef:
        case 0xbb:
        case 0xbf:  // a byte order mark in UTF-8
        case 0xfe:
        case 0xff:
            return true;  // and in UTF-16 and UTF-32
        default:
            return false;
    }
}

}  // namespace

std::size_t leading(Bytes bytes) noexcept {
    return static_cast<std::size_t>(std::find_if_not(bytes.begin(), bytes.end(), says_nothing) -
                                    bytes.begin());
}

Looks looks_like(Bytes significant) noexcept {
    if (significant.empty()) return Looks::unclear;
    if (significant.front() == '{' || significant.front() == '[') return Looks::text;
    const std::string_view text = as_text(significant);
    bool perhaps = false;
    for (const std::string_view name : field_names) {
        if (text.starts_with(name)) return Looks::events;
        perhaps = perhaps || name.starts_with(text);
    }
    return perhaps ? Looks::unclear : Looks::other;
}

}  // namespace umbratap::http
