// Link types have a number in files (LINKTYPE_, tcpdump.org/linktypes.html) and one in libpcap's
// interface (DLT_). They differ for a few old types.
#pragma once

#include <cstdint>

namespace umbratap::capture {

int in_libpcap(std::uint16_t link_type) noexcept;
std::uint16_t in_files(int libpcap_type) noexcept;

}  // namespace umbratap::capture
