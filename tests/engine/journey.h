// The whole journey in memory: frames in, rendered events out.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "capture/source.h"
#include "detect/alerts.h"
#include "engine/pipeline.h"
#include "inventory/inventory.h"
#include "report/eve.h"

namespace umbratap::test {

inline std::string source_root() {
    const char* root = std::getenv("UMBRATAP_SOURCE_ROOT");
    return root != nullptr ? root : ".";
}

/// A frame that owns its bytes.
struct OwnedFrame {
    std::vector<std::uint8_t> bytes;
    capture::Frame frame;
};

inline std::vector<OwnedFrame> frames_of_case(const std::string& name) {
    static capture::Origin origin{"traffic.pcapng", true};
    const auto source =
        capture::open_files({{source_root() + "/pcaps/" + name + "/traffic.pcapng"}, ""});
    std::vector<OwnedFrame> frames;
    Batch<capture::Frame> batch;
    while (source->read(batch)) {
        for (const capture::Frame& frame : batch) {
            frames.push_back({{frame.data.begin(), frame.data.end()}, frame});
            frames.back().frame.origin = &origin;
        }
        batch.clear();
    }
    for (OwnedFrame& one : frames) one.frame.data = one.bytes;
    return frames;
}

/// What every journey needs and none changes.
struct Ground {
    engine::Limits limits;
    inventory::Limits inventory_limits;
    detect::Rules rules{source_root() + "/rules"};
    detect::Names names{source_root() + "/rules"};
    detect::AlertCatalogue catalogue{source_root() + "/rules"};
    detect::Prefilter prefilter{source_root() + "/rules", ""};
    inventory::Policy policy;
};

inline Ground& ground() {
    static Ground one;
    return one;
}

struct Arrival {
    std::vector<inventory::Record> records;
    engine::Counts counts;
};

/// Sends the frames through one worker and the inventory.
inline Arrival travel(const std::vector<const OwnedFrame*>& frames, Ground& on = ground()) {
    engine::Tools tools(on.limits, {}, on.rules, on.names, on.prefilter);
    engine::Pipeline pipeline(tools, 0);
    engine::Unwrapper unwrapper(on.limits);
    inventory::Store store("");
    inventory::Inventory memory(on.inventory_limits, on.policy, on.rules, on.catalogue, store,
                                false);
    Arrival arrival;
    engine::Counts counts;
    Batch<engine::Placed> placed;
    Batch<inventory::Sighting> sightings;
    Batch<std::uint64_t> last_seen;
    const auto tell = [&] {
        for (const inventory::Sighting& sighting : sightings)
            memory.push(sighting, arrival.records);
        sightings.clear();
        last_seen.clear();
    };
    std::uint64_t sequence = 0;
    for (const OwnedFrame* frame : frames) {
        placed.clear();
        unwrapper.push(frame->frame, ++sequence, counts, placed);
        for (const engine::Placed& one : placed) pipeline.push(one, sightings);
        tell();
        if (sequence % 64 == 0) {
            pipeline.tick(frame->frame.time, sightings, last_seen);
            tell();
            memory.tick(frame->frame.time, arrival.records);
        }
    }
    pipeline.finish(sightings, last_seen);
    tell();
    memory.finish(arrival.records);
    arrival.counts = pipeline.counts();
    return arrival;
}

inline std::vector<const OwnedFrame*> all(const std::vector<OwnedFrame>& frames) {
    std::vector<const OwnedFrame*> pointers;
    for (const OwnedFrame& frame : frames) pointers.push_back(&frame);
    return pointers;
}

/// What sessions did, without time, packet numbers and ids: equal for equal conversations.
inline std::string gist(const Arrival& arrival) {
    std::vector<std::string> lines;
    for (const inventory::Record& record : arrival.records) {
        const auto* session = std::get_if<inventory::Session>(&record);
        if (session == nullptr) continue;
        std::string line = session->parties.host + session->parties.path + " " +
                           session->protocol_version + " " + session->parties.client.name + " " +
                           session->parties.server.name + ":";
        for (const auto& [name, count] : session->methods)
            line += " " + name + "=" + std::to_string(count);
        line += " |";
        for (const auto& [name, count] : session->server_methods)
            line += " " + name + "=" + std::to_string(count);
        line += " |";
        for (const auto& [name, count] : session->tools_called)
            line += " " + name + "=" + std::to_string(count);
        line += " | " + std::to_string(session->tools_listed.size());
        lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
}

}  // namespace umbratap::test
