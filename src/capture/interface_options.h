// What is captured live, and how.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace umbratap::capture {

struct InterfaceOptions {
    std::vector<std::string> names;      ///< "any": all of them, now and later
    std::vector<std::string> decrypted;  ///< of these: see Origin
    std::string filter;                  ///< BPF filter; empty takes all
    /// Bytes of a frame that are kept. The most that libpcap takes: frames that were put together
    /// on their way here (GRO, LRO) have up to 64 KiB and more, and since a ring is filled with
    /// frames as long as they are, room for long ones costs nothing where there are none.
    std::uint32_t snap_length = 262144;
    /// Memory of one ring; there is one for each interface and member. Half a second of 1 Gbit/s,
    /// for moments when the program is kept from reading.
    std::uint64_t ring_bytes = 64 << 20;
    bool promiscuous = true;  ///< also frames that are addressed to others
    /// How long a frame waits in a part of the ring that is not full, before it is handed over.
    Duration block_wait = std::chrono::milliseconds(100);
    unsigned members = 1;  ///< sources that share the frames between them
    /// An interface that is not there or is down is gone() from the start, rather than an error:
    /// for opening anew, when the others must not wait for it.
    bool may_be_gone = false;
};

}  // namespace umbratap::capture
