// Walks from the outermost header to the innermost transport.
#include "packet/walk.h"

namespace umbratap::packet {
namespace {

Problem walk_from(Walk& walk, Step step) noexcept {
    while (step.layer) step = step.layer(walk);
    return walk.problem;
}

}  // namespace

Problem decode(const capture::Frame& frame, const DecodeLimits& limits, Packet& packet) noexcept {
    packet = Packet{};
    packet.time = frame.time;
    packet.number = frame.number;
    packet.origin = frame.origin;
    Walk walk{packet, limits, frame.data};
    if (frame.original_length > frame.data.size())
        walk.cut = frame.original_length - frame.data.size();
    const Step::Layer link = layer_of_link_type(frame.link_type);
    return link ? walk_from(walk, {link}) : Problem("link.unknown_type");
}

Problem decode_network(Bytes datagram, const DecodeLimits& limits, Packet& packet) noexcept {
    Packet whole;
    whole.time = packet.time;
    whole.number = packet.number;
    whole.origin = packet.origin;
    Walk walk{whole, limits, datagram};
    walk.tunnel = packet.tunnel;
    walk.vlans = packet.vlans;
    const Problem problem = walk_from(walk, {ip});
    packet = whole;
    return problem;
}

}  // namespace umbratap::packet
