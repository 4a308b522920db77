// Texts with `*` for any bytes or none.
#pragma once

#include <string_view>

namespace umbratap::detect {

/// `same(wanted, got)` compares one byte of the shape with one of the text. Greedy with one point
/// to come back to: `*` never needs more, so the time is at most |text| * |shape|.
template <class Same>
bool matches_with_stars(std::string_view text, std::string_view shape, Same same) noexcept {
    std::size_t t = 0, s = 0, star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (s < shape.size() && shape[s] == '*') {
            star = s++;
            resume = t;
        } else if (s < shape.size() && same(shape[s], text[t])) {
            ++s;
            ++t;
        } else if (star != std::string_view::npos) {
            s = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (s < shape.size() && shape[s] == '*') ++s;
    return s == shape.size();
}

inline bool glob_matches(std::string_view text, std::string_view glob) noexcept {
    return matches_with_stars(text, glob, [](char wanted, char got) { return wanted == got; });
}

}  // namespace umbratap::detect
