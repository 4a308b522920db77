// Names made to look like an approved one, to a person or to careless software.
#pragma once

#include <string>
#include <string_view>

namespace umbratap::inventory {

/// What a reader sees: letters of other scripts, accents and digits as the ASCII letters that they
/// resemble. Two names with one skeleton look the same. `name` is normalised (detect/host_name.h).
std::string skeleton(const std::string& name);

/// Why `name` looks like `approved` without being it or one of its subdomains: "homograph"
/// (portaI.example), "embedded" (portal.example.evil.tld, portal-example.evil.tld); empty if it
/// does not. Both are normalised.
std::string_view resemblance(const std::string& name, const std::string& approved);

}  // namespace umbratap::inventory
