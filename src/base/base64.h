// Base64 (RFC 4648), read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace umbratap {

/// What `text` stands for, in either alphabet, with or without `=` at its end. Unset if it is not
/// base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace umbratap
