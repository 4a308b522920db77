// PCAP-over-IP: a capture that a server sends to whoever connects.
#pragma once

#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace umbratap::capture {

/// Whether an input is of the form tcp://HOST:PORT.
bool is_endpoint(std::string_view input) noexcept;

/// Connects; waits up to 10 s. Throws InputError.
Descriptor connect_to(const std::string& input);

}  // namespace umbratap::capture
