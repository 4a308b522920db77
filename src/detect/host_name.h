// Names of hosts in one spelling, so that they can be compared byte by byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace umbratap::detect {

/// The name in A-labels (RFC 5890), lower case, without a trailing dot; unset if it is no name of a
/// host. Letters beyond ASCII are mapped as browsers do (UTS #46, non-transitional). Addresses are
/// names too: IPv4 in dotted decimals, IPv6 in brackets and in the spelling of RFC 5952. User
/// information, ports, schemes, empty labels, white space and control characters make it no name.
std::optional<std::string> host_name(std::string_view text);

/// A normalised name with its A-labels as letters (UTF-8); itself where that fails.
std::string to_letters(const std::string& name);

/// True if a normalised name is an IP address.
bool is_address_literal(std::string_view name) noexcept;

/// The same name with a port taken off: "h:443", "[::1]:443". What is no port stays.
std::string_view without_port(std::string_view authority) noexcept;

}  // namespace umbratap::detect
