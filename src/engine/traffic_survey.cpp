// Counts, and a bounded table of TCP flows.
#include "engine/traffic_survey.h"

#include <algorithm>

#include "packet/packet.h"

namespace umbratap::engine {

namespace {

constexpr std::uint16_t link_type_ethernet = 1;
constexpr std::size_t ethernet_header_bytes = 14;

/// A TLS record begins here (RFC 8446, 5.1): type and legacy version.
bool begins_tls_record(Bytes payload) noexcept {
    return payload.size() >= 5 && payload[0] >= 20 && payload[0] <= 23 && payload[1] == 3 &&
           payload[2] <= 4;
}

}  // namespace

void TrafficSurvey::push(const capture::Frame& frame) {
    ++sums_.frames;
    sums_.bytes += frame.original_length;
    const Bytes data = frame.data;
    const bool is_ethernet =
        frame.link_type == link_type_ethernet && data.size() >= ethernet_header_bytes;
    if (is_ethernet && (data[0] & 1) == 0) {
        const auto is_own = [&](Bytes address) {
            return std::equal(address.begin(), address.end(), own_address_.begin());
        };
        ++sums_.directed;
        if (is_own(data.first(6)) || is_own(data.subspan(6, 6))) ++sums_.own;
    }
    packet::Packet packet;
    packet::decode(frame, {}, packet);
    if (packet.vlans[0] != packet::no_vlan) ++sums_.tagged;
    if (packet.transport == packet::Transport::none && !packet.fragment) return;
    ++sums_.packets;
    if (packet.tunnel != packet::Tunnel::none) ++sums_.tunnelled;
    if (packet.transport != packet::Transport::tcp || packet.fragment) return;
    const flow::DirectedKey directed = flow::key_of(packet);
    const flow::FlowKey::Words key = directed.key.words();
    auto found = flows_.find(key);
    if (found == flows_.end()) {
        if (flows_.size() >= flows_max) return;
        found = flows_.emplace(key, Flow{}).first;
    }
    ++found->second.packets[directed.source_is_low ? 0 : 1];
    found->second.tls = found->second.tls || begins_tls_record(packet.payload());
}

TrafficFacts TrafficSurvey::facts() const {
    TrafficFacts facts = sums_;
    for (const auto& [key, flow] : flows_) {
        if (flow.packets[0] + flow.packets[1] < packets_judged) continue;
        ++facts.tcp_flows;
        if (flow.packets[0] == 0 || flow.packets[1] == 0) ++facts.one_sided;
        if (flow.tls) ++facts.tls_flows;
    }
    return facts;
}

}  // namespace umbratap::engine
