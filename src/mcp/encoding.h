// Which encoding a JSON text is in, and the way to UTF-8.
//
// JSON is UTF-8 (RFC 8259, 8.1), but decoders that take UTF-16 and UTF-32 are common, and so is the
// byte order mark.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace umbratap::mcp {

enum class Encoding : std::uint8_t { utf_8, utf_16_le, utf_16_be, utf_32_le, utf_32_be };

struct EncodingSign {
    Encoding encoding = Encoding::utf_8;
    std::size_t mark_size = 0;  ///< bytes of the byte order mark
};

/// Told by the byte order mark or, without one, by where the zeros of the first four bytes are: a
/// JSON text begins with two ASCII characters (RFC 4627, 3). Anything else is UTF-8. Looks at the
/// first four bytes only.
EncodingSign encoding_of(Bytes text) noexcept;

/// True if `text` is in UTF-16 or UTF-32 and can be an object or an array. Cheap: much of what
/// begins with zeros is no text at all.
bool is_wide_json(Bytes text);

/// Whether the first character that is no white space opens an object or an array.
bool opens_bracket(Bytes utf_8) noexcept;

/// Appends `text`, which begins behind its mark, as UTF-8. Lone surrogates and what is no code
/// point become U+FFFD; an incomplete unit at the end is dropped.
void append_as_utf_8(Encoding encoding, Bytes text, std::string& out);

/// Appends one code point; surrogates and what lies beyond U+10FFFF become U+FFFD.
void append_code_point(std::string& out, std::uint32_t code_point);

/// Appends `text`, each maximal part that is no UTF-8 replaced by U+FFFD (Unicode 3.9, table 3-7).
void append_mended(std::string& out, std::string_view text);

/// Shortens `text` to at most `bytes_max` bytes without cutting a code point.
void cut_to(std::string& text, std::size_t bytes_max) noexcept;

}  // namespace umbratap::mcp
