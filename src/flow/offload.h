// Checksums that an operating system left to the network interface.
#pragma once

#include "packet/packet.h"

namespace umbratap::flow {

/// The checksum field holds the sum of the pseudo header alone, to be completed by the interface:
/// what a capture on the sending machine, or on a virtual link, shows of sound segments. Linux sums
/// the length, too; Windows leaves it out of segments that the interface will cut.
bool checksum_is_left_to_interface(const packet::Packet& packet) noexcept;

}  // namespace umbratap::flow
