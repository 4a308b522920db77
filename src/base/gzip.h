// Bytes made smaller on their way out (RFC 1952).
#pragma once

#include <string>
#include <string_view>

namespace umbratap {

/// `bytes` as one gzip member; empty where memory is short.
std::string gzip(std::string_view bytes);

}  // namespace umbratap
