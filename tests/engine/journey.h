// The whole journey in memory: frames in, rendered events out.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
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
struct Ground : detect::RuleSet {
    Ground() : RuleSet(source_root() + "/rules") {}
    engine::Limits limits;
    inventory::Limits inventory_limits;
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

/// One worker and the inventory, step by step.
class Journey {
public:
    explicit Journey(Ground& on = ground(), bool keys_expected = false)
        : tools_(on.limits, {}, on),
          unwrapper_(on.limits),
          memory_(on.inventory_limits, on.policy, on, store_) {
        tools_.secrets.expect_more(keys_expected);
    }

    void push(const OwnedFrame& frame) {
        placed_.clear();
        unwrapper_.push(frame.frame, ++sequence_, counts_, placed_);
        for (const engine::Placed& one : placed_) pipeline_.push(one, sightings_);
        tell();
    }
    void add_secrets(std::string_view key_log) { pipeline_.add_secrets(key_log); }
    void tick(Time time) {
        pipeline_.tick(time, sightings_, last_seen_);
        tell();
        memory_.tick(time, arrival_.records);
    }
    Arrival finish() {
        pipeline_.finish(sightings_, last_seen_);
        tell();
        memory_.finish(arrival_.records);
        arrival_.counts = pipeline_.counts();
        return std::move(arrival_);
    }
    std::uint64_t pushed() const noexcept { return sequence_; }

private:
    void tell() {
        for (const inventory::Sighting& sighting : sightings_)
            memory_.push(sighting, arrival_.records);
        sightings_.clear();
        last_seen_.clear();
    }

    engine::Tools tools_;
    engine::Pipeline pipeline_{tools_, 0};
    engine::Unwrapper unwrapper_;
    inventory::Store store_{""};
    inventory::Inventory memory_;
    Arrival arrival_;
    engine::Counts counts_;
    Batch<engine::Placed> placed_;
    Batch<inventory::Sighting> sightings_;
    Batch<std::uint64_t> last_seen_;
    std::uint64_t sequence_ = 0;
};

/// Sends the frames through; `keys` are known from the start.
inline Arrival travel(const std::vector<const OwnedFrame*>& frames, Ground& on = ground(),
                      std::string_view keys = {}) {
    Journey journey(on);
    journey.add_secrets(keys);
    for (const OwnedFrame* frame : frames) {
        journey.push(*frame);
        if (journey.pushed() % 64 == 0) journey.tick(frame->frame.time);
    }
    return journey.finish();
}

/// The key log of a case; empty if it has none.
inline std::string keys_of_case(const std::string& name) {
    std::ifstream file(source_root() + "/pcaps/" + name + "/keys.log");
    return {std::istreambuf_iterator<char>(file), {}};
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
