// Paths of URLs in one spelling, so that what is approved cannot be imitated by another spelling of
// something else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace umbratap::inventory {

/// Percent-decoded once, dot segments removed (RFC 3986, 5.2.4), query and fragment off. Unset for
/// what servers read differently, and what therefore must not be approved: twice encoded dots,
/// slashes or percent signs, backslashes,
/// `..;` (path parameters), control characters, and what does not begin with '/'.
std::optional<std::string> plain_path(std::string_view raw);

/// True if `path` equals `pattern`, or begins with what stands before the '*' at the pattern's end.
bool path_matches(std::string_view path, std::string_view pattern) noexcept;

}  // namespace umbratap::inventory
