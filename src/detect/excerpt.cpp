// What events may show of a content.
#include "detect/excerpt.h"

#include <algorithm>
#include <utility>

#include "detect/plain_text.h"

namespace umbratap::detect {
namespace {

std::string without_controls(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    return text;
}

}  // namespace

std::string excerpt_around(std::string_view text, std::size_t end) {
    constexpr std::size_t before = 72, behind = 48;
    std::size_t first = end > before ? end - before : 0;
    std::size_t last = std::min(text.size(), end + behind);
    const auto is_inside = [&](std::size_t i) {
        return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
    };
    while (first < end && is_inside(first)) ++first;
    while (last > first && is_inside(last)) --last;
    std::string out;
    append_plain(text.substr(first, last - first), out);
    return (first > 0 ? "…" : "") + without_controls(std::move(out)) +
           (last < text.size() ? "…" : "");
}

std::string redacted(const ContentRule& rule, std::string_view match) {
    const std::string_view value = rule.value_of(match);
    const std::size_t first = std::min<std::size_t>(rule.shows_first, value.size() / 3);
    const std::size_t last = std::min<std::size_t>(rule.shows_last, value.size() / 3);
    return without_controls(std::string(value.substr(0, first))) + "…" +
           without_controls(std::string(value.substr(value.size() - last))) + " (" +
           std::to_string(value.size()) + " bytes)";
}

}  // namespace umbratap::detect
