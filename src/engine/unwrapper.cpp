// Frames become whole packets.
#include "engine/unwrapper.h"

namespace umbratap::engine {

void Unwrapper::push(const capture::Frame& frame, std::uint64_t sequence, Counts& counts,
                     Batch<Placed>& out) {
    ++counts.packets;
    counts.bytes += frame.data.size();
    if (frame.data.size() < frame.original_length) ++counts.truncated_packets;
    Placed& placed = out.emplace_back();
    placed.sequence = sequence;
    if (const Problem problem = packet::decode(frame, limits_->packet, placed.packet))
        counts.problems.add(problem);
    // A tunnel may be fragmented outside and inside: each turn takes at least one wrapper off.
    for (int turn = 0; placed.packet.fragment && turn <= limits_->packet.wrappers_max; ++turn) {
        ++counts.fragments;
        datagrams_.clear();
        if (const Problem problem = fragments_.push(placed.packet, datagrams_))
            counts.problems.add(problem);
        if (datagrams_.empty()) break;
        placed.packet.fragment = false;
        if (const Problem problem =
                packet::decode_network(datagrams_.front(), limits_->packet, placed.packet))
            counts.problems.add(problem);
    }
    if (placed.packet.tunnel != packet::Tunnel::none) ++counts.tunnelled;
    if (placed.packet.fragment) counts.problems.add(Problem{"ip.fragment_waiting"});
    if (placed.packet.fragment || placed.packet.transport == packet::Transport::none)
        out.pop_back();
}

}  // namespace umbratap::engine
