// A text as a model reads it, whatever it is made of: for patterns that are written in ASCII.
//
//     "Ｉｇｎоrе\u200b all"  →  "Ignore all"
//
// Full-width and mathematical letters, and those of Cyrillic and Greek that look like Latin ones,
// become those; characters without width go; tag characters (U+E0020 to U+E007E), which nobody sees
// and models read, become what they stand for.
#pragma once

#include <string>
#include <string_view>

namespace umbratap::detect {

/// True if append_plain might change it. Never wrong where it says no; cheap.
bool is_perhaps_not_plain(std::string_view text) noexcept;

/// Appends `text` (UTF-8). What is no UTF-8 is copied as it is.
void append_plain(std::string_view text, std::string& out);

/// How often characters that nobody sees stand where no writing system needs them: tags outside of
/// emoji flags, marks of direction around Latin text, characters without width between Latin
/// letters or in rows, invisible operators and fillers.
struct Hidden {
    std::size_t tags = 0;        ///< U+E0000 to U+E007F
    std::size_t directions = 0;  ///< embeddings, overrides, isolates (U+202A…E, U+2066…9)
    std::size_t widthless = 0;   ///< U+200B, U+200C, U+200D, U+2060 to U+2064, U+FEFF, U+00AD
    std::size_t first = std::string_view::npos;  ///< place of the first of them
};
Hidden find_hidden(std::string_view text) noexcept;

/// From `from` on, where something stands behind `row` blanks (spaces, tabs, line ends) or more:
/// the place behind them. A NUL is nothing. npos if there is none.
std::size_t find_behind_blanks(std::string_view text, std::size_t row, std::size_t from) noexcept;

}  // namespace umbratap::detect
