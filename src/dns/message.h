// Names that DNS answers give to addresses (RFC 1035; RFC 3596 for AAAA). Only what detection needs.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/problem.h"

namespace umbratap::dns {

struct Answer {
    std::string question;                              ///< the name asked for, lower case, no trailing dot
    std::vector<std::string> aliases;                  ///< CNAME targets on the way
    std::vector<std::array<std::uint8_t, 16>> addresses;  ///< A (IPv4-mapped) and AAAA
};

/// Decodes a DNS response message. `answer.question` stays empty if it is none (a query, an error, another class).
Problem decode(Bytes message, Answer& answer) noexcept;

}  // namespace umbratap::dns
