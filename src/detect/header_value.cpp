// What Mcp-Name and Mcp-Param-* carry.
#include "detect/header_value.h"

#include "base/base64.h"

namespace umbratap::detect {

std::string header_value(std::string_view sent) {
    std::string_view value = sent;
    constexpr std::string_view opening = "=?base64?", closing = "?=";
    if (value.size() >= opening.size() + closing.size() && value.starts_with(opening) &&
        value.ends_with(closing)) {
        value.remove_prefix(opening.size());
        value.remove_suffix(closing.size());
        if (auto decoded = from_base64(value)) return *decoded;
    }
    return std::string(sent);
}

}  // namespace umbratap::detect
