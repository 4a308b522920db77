// Names that DNS answers give to addresses (RFC 1035; RFC 3596 for AAAA). Only what detection
// needs.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/problem.h"

namespace umbratap::dns {

/// Names are lower case and without trailing dot, save the root, which is ".". Within a label a dot
/// and a backslash have a backslash before them, and what cannot be seen is \DDD (RFC 1035, 5.1).
struct Answer {
    std::string question;                                 ///< the name asked for
    std::vector<std::string> aliases;                     ///< CNAME targets on the way
    std::vector<std::array<std::uint8_t, 16>> addresses;  ///< A (IPv4-mapped) and AAAA
};

inline constexpr std::size_t records_max = 256;  ///< looked at in one message
inline constexpr std::size_t aliases_max = 16;

/// Decodes a DNS response message, without the length that stands before it over TCP.
/// `answer.question` stays empty if it is none (a query, an error, another class). Addresses count
/// only if they belong to the name asked for or to one of its aliases.
///
/// dns.too_short, dns.bad_name, dns.bad_record, dns.too_many_records, dns.too_many_aliases:
/// what stands before is kept.
Problem decode(Bytes message, Answer& answer) noexcept;

}  // namespace umbratap::dns
