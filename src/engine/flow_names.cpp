// A flow as events name it.
#include "engine/flow_names.h"

#include <algorithm>

#include "base/digest.h"

namespace umbratap::engine {

namespace {

/// From the tuple and the first packet only, so that the same packets give the same id. 53 bits:
/// exact in JavaScript.
std::uint64_t flow_id_of(const inventory::Flow& flow) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    const auto mix = [&](const void* bytes, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i)
            hash = (hash ^ static_cast<const std::uint8_t*>(bytes)[i]) * 0x100000001b3U;
    };
    const std::int64_t start = flow.start.time_since_epoch().count();
    const bool in_order = flow.client < flow.server;  // the same whoever is taken for the client
    for (const packet::Endpoint& endpoint :
         {in_order ? flow.client : flow.server, in_order ? flow.server : flow.client}) {
        mix(endpoint.address.octets.data(), endpoint.address.octets.size());
        mix(&endpoint.port, sizeof endpoint.port);
    }
    mix(&flow.transport, 1);
    mix(&start, sizeof start);
    hash ^= hash >> 29;
    return hash & ((1ULL << 53) - 1);
}

/// Community ID v1 (github.com/corelight/community-id-spec), seed 0.
std::string community_id_of(const inventory::Flow& flow) {
    std::vector<std::uint8_t> bytes = {0, 0};
    const packet::Endpoint& low = std::min(flow.client, flow.server);
    const packet::Endpoint& high = std::max(flow.client, flow.server);
    const std::size_t skipped = low.address.is_v4() ? 12 : 0;
    for (const packet::Endpoint* endpoint : {&low, &high}) {
        bytes.insert(bytes.end(),
                     endpoint->address.octets.begin() + static_cast<std::ptrdiff_t>(skipped),
                     endpoint->address.octets.end());
    }
    bytes.push_back(static_cast<std::uint8_t>(flow.transport));
    bytes.push_back(0);
    for (const packet::Endpoint* endpoint : {&low, &high}) {
        bytes.push_back(static_cast<std::uint8_t>(endpoint->port >> 8));
        bytes.push_back(static_cast<std::uint8_t>(endpoint->port & 0xff));
    }
    return "1:" + to_base64(sha1(bytes));
}

}  // namespace

void name(inventory::Flow& flow) {
    if (!flow.community_id.empty()) return;
    flow.id = flow_id_of(flow);
    flow.community_id = community_id_of(flow);
}

std::shared_ptr<inventory::Flow> flow_of(const flow::FlowRecord& record, bool reversed) {
    auto flow = std::make_shared<inventory::Flow>();
    flow->client = reversed ? record.server() : record.client();
    flow->server = reversed ? record.client() : record.server();
    flow->transport = record.key.transport;
    flow->origin = record.origin;
    flow->tunnel = record.tunnel;
    flow->start = record.first_time;
    flow->first_packet = record.first_packet_number;
    for (const std::uint16_t vlan : record.key.vlans) {
        if (vlan != packet::no_vlan) flow->vlans.push_back(vlan);
    }
    return flow;
}

std::shared_ptr<const inventory::Flow> named_flow_of(const flow::FlowRecord& record,
                                                     bool reversed) {
    std::shared_ptr<inventory::Flow> flow = flow_of(record, reversed);
    name(*flow);
    return flow;
}

}  // namespace umbratap::engine
