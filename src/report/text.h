// Text that came off the wire, character by character: what of it may lie to a reader or to a
// terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace umbratap::report {

/// Longer texts are cut in events, at a character, and end in "…".
inline constexpr std::size_t text_bytes_max = 4096;

struct Character {
    char32_t code = 0;
    std::uint8_t length = 1;  ///< in bytes
    bool valid = true;  ///< false: a maximal ill-formed part (Unicode 3.9, U+FFFD for each); `code`
                        ///< is U+FFFD
};

/// The first character of `text`, which must not be empty.
Character first_character(std::string_view text) noexcept;

/// True for what a reader does not see, or sees elsewhere: C0, DEL, C1, line separators,
/// bidirectional and zero-width characters, tags and variation selectors.
bool is_deceptive(char32_t code) noexcept;

/// Appends what stands for a deceptive character where it must be seen: "\u{202e}".
void append_escape(char32_t code, std::string& out);

/// The longest beginning of `text` that has at most `bytes_max` bytes and does not end within a
/// character.
std::string_view cut_text(std::string_view text, std::size_t bytes_max) noexcept;

/// Columns that a terminal gives to the character: 0 (combining), 1 or 2 (East Asian wide, emoji).
int columns_of(char32_t code) noexcept;
int columns_of(std::string_view text) noexcept;

/// `text` as a terminal may have it, in at most `columns_max` columns: deceptive characters as
/// \u{…}, ill-formed bytes as U+FFFD, "…" where it was cut.
std::string terminal_text(std::string_view text, int columns_max);

}  // namespace umbratap::report
