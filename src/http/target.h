// Splits what names the thing a request is about (RFC 9112, 3.2; RFC 3986, 3).
//
//     http://mcp.example:8080/mcp?x=1
//     └─┬┘   └──────┬───────┘└─┬┘ └┬┘
//     scheme    authority    path query
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace umbratap::http {

/// Views into the target. What is not there is empty.
struct Target {
    std::string_view scheme;     ///< as sent
    std::string_view authority;  ///< with port, without userinfo
    std::string_view path;       ///< with its slash; "*" of OPTIONS
    std::string_view query;      ///< without "?"
};

/// Takes all forms: origin ("/p?q"), absolute ("http://h/p"), authority ("h:443") and asterisk.
Target split_target(std::string_view target) noexcept;

/// "[::1]:80" is the host "[::1]" and the port 80. No port, or none that is a number up to 65535:
/// nullopt.
struct HostAndPort {
    std::string_view host;
    std::optional<std::uint16_t> port;
};
HostAndPort split_authority(std::string_view authority) noexcept;

/// The host alone, lower case, without a trailing dot and without brackets' port: how servers are
/// compared.
std::string host_of(std::string_view authority);

/// A query, or a part of one, with `+` and percent-encoding taken off (WHATWG URL, 5.1).
std::string form_decoded(std::string_view query);

}  // namespace umbratap::http
