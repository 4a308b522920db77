// Walks from the outermost header to the innermost transport.
#include "packet/walk.h"

namespace umbratap::packet {
namespace {

/// As a Packet that was just made; compilers make a slow string instruction of `packet = Packet{}`.
void clear(Packet& packet) noexcept {
    clear_transport(packet);
    packet.source = packet.target = Address{};
    packet.vlans = {no_vlan, no_vlan};
    packet.hop_limit = 0;
    packet.tunnel = Tunnel::none;
    packet.fragment = false;
    packet.network = {};
}

Problem walk_from(Walk& walk, Step step) noexcept {
    while (step.layer) step = step.layer(walk);
    return walk.problem;
}

}  // namespace

Problem decode(const capture::Frame& frame, const DecodeLimits& limits, Packet& packet) noexcept {
    clear(packet);
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
    Walk walk{packet, limits, datagram};
    walk.tunnel = packet.tunnel;
    walk.vlans = packet.vlans;
    clear(packet);
    return walk_from(walk, {ip});
}

}  // namespace umbratap::packet
