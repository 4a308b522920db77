// A URL as events may tell it: whoever reads the event cannot log in with it.
#pragma once

#include <string>
#include <string_view>

namespace umbratap::report {

/// `url` with the password of its user information, and the values of parameters that are named
/// after credentials
/// ("token", "api_key", "signature", …), replaced by "***". Everything else stays as sent.
std::string without_credentials(std::string_view url);

/// "example.com" of "Example.com:8443", "2001:db8::1" of "[2001:db8::1]:80", without trailing dot.
std::string host_of(std::string_view authority);

}  // namespace umbratap::report
