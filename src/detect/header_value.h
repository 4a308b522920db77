// What Mcp-Name and Mcp-Param-* carry (revision 2026-07-28, "Streamable HTTP").
#pragma once

#include <string>
#include <string_view>

namespace umbratap::detect {

/// Plain, or as `=?base64?…?=` where it is no visible ASCII; what is broken stays as it is.
std::string header_value(std::string_view sent);

}  // namespace umbratap::detect
