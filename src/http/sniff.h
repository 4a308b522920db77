// What a body is by its first bytes, whatever its content type says.
#pragma once

#include "base/bytes.h"

namespace umbratap::http {

enum class Looks : std::uint8_t {
    unclear,  ///< more bytes are needed
    text,     ///< begins with { or [, in UTF-8, UTF-16 or UTF-32
    events,   ///< begins like server-sent events
    other,
};

/// How many bytes at the front say nothing: white space, byte order marks, and the zero bytes of
/// UTF-16 and UTF-32.
std::size_t leading(Bytes bytes) noexcept;

/// `significant` is what follows them.
Looks looks_like(Bytes significant) noexcept;

}  // namespace umbratap::http
