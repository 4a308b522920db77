// The content of JSON strings, and raw JSON made safe to be passed on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/json_index.h"

namespace umbratap::mcp {

/// Appends what `content` (between the quotes) stands for, up to `bytes_max` bytes. Lone surrogates
/// and broken escapes become U+FFFD: what is broken never reads as a letter. `mend`: it may be
/// invalid UTF-8.
void append_decoded(std::string& out, std::string_view content, bool mend,
                    std::size_t bytes_max = std::string::npos);

/// True if a \uXXXX escape in `content` stands for printable ASCII, which nobody has to write so.
bool has_needless_escape(std::string_view content) noexcept;

/// Appends `text` as a JSON string with its quotes; only what must be is escaped.
void append_json_string(std::string& out, std::string_view text);

/// True if `text` is a JSON number (RFC 8259, 6), of any size.
bool is_number(std::string_view text) noexcept;

/// Whether the tokens [first, end) are exactly one well-formed value. Keeps its stack between
/// calls.
class Grammar {
public:
    bool holds(const JsonIndex& index, std::uint32_t first, std::uint32_t end);

private:
    std::vector<std::uint8_t> open_;
};

/// Appends raw JSON; `mend`: invalid UTF-8 becomes U+FFFD, and control characters in strings are
/// escaped.
void append_raw(std::string& out, std::string_view raw, bool mend);

}  // namespace umbratap::mcp
