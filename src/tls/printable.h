// Names out of hostile bytes, as text that can be compared and shown.
#pragma once

#include <string>

#include "base/bytes.h"

namespace umbratap::tls {

/// Appends `name` in lower case; what no host name holds is written as \DDD. What is longer than
/// `bytes_max` is cut and ends with "\...". False if any of this was necessary.
bool append_name(Bytes name, std::size_t bytes_max, std::string& out);
/// The same for names of other things: case and spaces stay.
bool append_title(Bytes title, std::size_t bytes_max, std::string& out);

}  // namespace umbratap::tls
