// The names of cipher suites as IANA lists them.
#pragma once

#include <cstdint>
#include <string_view>

namespace umbratap::tls {

/// "RSA_WITH_AES_128_CBC_SHA", without "TLS_"; empty if the number has no name.
std::string_view find_suite_name(std::uint16_t number) noexcept;

}  // namespace umbratap::tls
