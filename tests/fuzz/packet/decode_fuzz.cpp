// The first two bytes choose the link type, the third how much of the frame was on the wire beyond
// what was captured.
//
// Whatever the frame, views stay within it, lengths agree with each other, a checksum can be asked
// for, and the same IP packet says the same of itself when it comes without its wrappers.
#include <cstdlib>

#include "packet/packet.h"

namespace {

using namespace umbratap;

void require(bool holds) {
    if (!holds) std::abort();
}

bool within(Bytes inner, Bytes outer) {
    return inner.empty() || (inner.data() >= outer.data() &&
                             inner.data() + inner.size() <= outer.data() + outer.size());
}

/// A wrapper whose length is longer than its frame says that the capture left out the rest: what
/// lacks then is no fault of the packet inside.
bool is_cut(Bytes packet) {
    const std::size_t declared = packet[0] >> 4 == 4 ? big_endian_16(packet.data() + 2)
                                                     : 40U + big_endian_16(packet.data() + 4);
    return declared > packet.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    capture::Frame frame;
    frame.link_type = big_endian_16(data);
    frame.data = Bytes(data + 3, size - 3);
    frame.original_length = static_cast<std::uint32_t>(size - 3 + data[2]);
    packet::Packet packet;
    const Problem problem = packet::decode(frame, {}, packet);
    require(within(packet.network, frame.data));
    require(within(packet.segment, packet.network));
    require(packet.segment.size() <= packet.segment_length);
    require(packet.transport == packet::Transport::none || !packet.network.empty());
    require(!packet.fragment || packet.transport == packet::Transport::none);
    require(packet.payload().size() <= packet.payload_length());
    packet::transport_checksum(packet);
    packet::to_string(packet.source);

    if (packet.network.empty() || problem || frame.original_length > frame.data.size()) return 0;
    if (is_cut(packet.network)) return 0;
    packet::Packet again = packet;
    require(packet::decode_network(packet.network, {}, again) == no_problem);
    require(again.source == packet.source && again.target == packet.target);
    require(again.transport == packet.transport && again.fragment == packet.fragment);
    require(again.segment.data() == packet.segment.data() &&
            again.segment.size() == packet.segment.size());
    return 0;
}
