// One frame as it was captured.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/time.h"

namespace umbratap::capture {

/// Where frames come from: a file or an interface. Lives as long as the program's `Source`.
struct Origin {
    std::string name;        ///< file name as given, or interface name
    bool is_file = false;    ///< says `pcap_filename` rather than `in_iface`
    bool decrypted = false;  ///< a decrypting mirror: TLS was taken off before us
};

struct Frame {
    Time time;
    /// 1-based, within its file as Wireshark counts; within the run when live.
    std::uint64_t number = 0;
    /// What was captured; lives until the next call of the source.
    Bytes data;
    /// Bytes on the wire; more than data.size() where a snap length cut it.
    std::uint32_t original_length = 0;
    /// LINKTYPE_ number (tcpdump.org/linktypes.html).
    std::uint16_t link_type = 0;
    const Origin* origin = nullptr;
};

}  // namespace umbratap::capture
