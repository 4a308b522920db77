// The laws of the whole journey, over captures of real programs.
#include "engine/pipeline.h"

#include <doctest/doctest.h>

#include <map>
#include <random>

#include "engine/journey.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

const std::vector<std::string> cases = {
    "sdk12-session-full",       "sdk1-0-4-sse",      "sdk24-pinned",
    "jsonrpc-batch-2025-03-26", "ws-supergateway3",  "gzip-sse",
    "squid-connect-plain",      "ip-fragments",      "vxlan-mirror",
    "nginx-h2c-prior",          "nginx-h2-undici",   "tls13-key-update",
    "tls12-ticket-resumption",  "squid-connect-tls", "socks5-plain"};

std::map<std::string, std::uint64_t> calls_of(const Arrival& arrival) {
    std::map<std::string, std::uint64_t> sums;
    for (const inventory::Record& record : arrival.records) {
        if (const auto* session = std::get_if<inventory::Session>(&record)) {
            for (const auto& [name, count] : session->methods) sums[name] += count;
            for (const auto& [name, count] : session->tools_called) sums["tool " + name] += count;
        }
    }
    return sums;
}

/// Where `text` begins in the payload of the first frame that holds it, of the frames given.
std::size_t find_frame(const std::vector<OwnedFrame>& frames, std::string_view text) {
    const auto found = std::find_if(frames.begin(), frames.end(), [&](const OwnedFrame& frame) {
        return as_text(frame.bytes).find(text) != std::string_view::npos;
    });
    REQUIRE(found != frames.end());
    return static_cast<std::size_t>(found - frames.begin());
}

/// The frame once more with other bytes in the place of `text`: the same bytes at an even distance,
/// so that the checksum stays right.
OwnedFrame rewritten(const OwnedFrame& frame, std::string_view text, std::string_view other) {
    OwnedFrame copy = frame;
    const std::size_t at = as_text(copy.bytes).find(text);
    std::copy(other.begin(), other.end(), copy.bytes.begin() + static_cast<std::ptrdiff_t>(at));
    copy.frame.data = copy.bytes;
    return copy;
}

std::string other_readings_of(const Arrival& arrival) {
    std::string told;
    for (const inventory::Record& record : arrival.records) {
        const auto* alert = std::get_if<inventory::Alert>(&record);
        if (alert != nullptr && alert->where.ends_with("other_reading"))
            told += alert->parties.host + alert->parties.path + " " + alert->excerpt + ";";
    }
    return told;
}

bool names_conflict(const Arrival& arrival) {
    return std::any_of(arrival.records.begin(), arrival.records.end(),
                       [](const inventory::Record& record) {
                           const auto* anomaly = std::get_if<inventory::Anomaly>(&record);
                           return anomaly != nullptr && anomaly->event == "tcp.conflicting_overlap";
                       });
}

}  // namespace

TEST_CASE("time: shifted input gives the same sessions") {
    for (const std::string& name : cases) {
        CAPTURE(name);
        std::vector<OwnedFrame> frames = frames_of_case(name);
        const std::string keys = keys_of_case(name);
        const std::string plain = gist(travel(all(frames), ground(), keys));
        REQUIRE(!plain.empty());
        for (OwnedFrame& frame : frames) frame.frame.time += std::chrono::hours(24 * 365);
        CHECK(gist(travel(all(frames), ground(), keys)) == plain);
    }
}

TEST_CASE("order: frames that overtake their neighbours give the same sessions") {
    for (const std::string& name : {"sdk12-session-full", "sdk24-pinned", "ws-supergateway3",
                                    "nginx-h2c-prior", "nginx-h2-undici", "tls13-key-update"}) {
        CAPTURE(name);
        const std::vector<OwnedFrame> frames = frames_of_case(name);
        const std::string keys = keys_of_case(name);
        const std::string plain = gist(travel(all(frames), ground(), keys));
        std::mt19937 random(7);
        for (int round = 0; round < 10; ++round) {
            // Only data segments of one direction change places: what a capture point that reads
            // several queues does.
            std::vector<const OwnedFrame*> shuffled = all(frames);
            for (std::size_t i = 4; i + 1 < shuffled.size(); ++i) {
                const Bytes a = shuffled[i]->frame.data, b = shuffled[i + 1]->frame.data;
                const bool same_way = a.size() > 38 && b.size() > 38 &&
                                      std::equal(a.begin() + 26, a.begin() + 38, b.begin() + 26);
                const bool both_data = a.size() > 120 && b.size() > 120;
                if (same_way && both_data && random() % 2 == 0)
                    std::swap(shuffled[i], shuffled[i + 1]);
            }
            CHECK(gist(travel(shuffled, ground(), keys)) == plain);
        }
    }
}

TEST_CASE("loss: any one frame may be missing; nothing is told that did not happen") {
    for (const std::string& name : {"sdk12-session-full", "sdk1-0-4-sse", "sdk24-pinned",
                                    "nginx-h2c-prior", "nginx-h2-undici", "tls13-aes128gcm"}) {
        CAPTURE(name);
        const std::vector<OwnedFrame> frames = frames_of_case(name);
        const std::string keys = keys_of_case(name);
        const auto whole = calls_of(travel(all(frames), ground(), keys));
        for (std::size_t lost = 0; lost < frames.size(); ++lost) {
            CAPTURE(lost);
            std::vector<const OwnedFrame*> rest = all(frames);
            rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(lost));
            for (const auto& call : calls_of(travel(rest, ground(), keys))) {
                CAPTURE(call.first);
                const auto known = whole.find(call.first);
                CHECK((known != whole.end() && call.second <= known->second));
            }
        }
    }
}

TEST_CASE("the server that a QUIC hello names is suspected, in whatever order its datagrams come") {
    const std::vector<OwnedFrame> frames = frames_of_case("quic-chromium");
    const auto suspected = [](const Arrival& arrival) {
        std::vector<std::string> hosts;
        for (const inventory::Record& record : arrival.records) {
            if (const auto* alert = std::get_if<inventory::Alert>(&record))
                hosts.push_back(alert->parties.host + " " + std::to_string(alert->parties.port));
        }
        return hosts;
    };
    const std::vector<std::string> wanted = {"assistant-mcp.shadow-notes.example 443"};
    CHECK(suspected(travel(all(frames))) == wanted);
    std::vector<const OwnedFrame*> swapped = all(frames);
    std::swap(swapped[0], swapped[1]);
    CHECK(suspected(travel(swapped)) == wanted);
    std::swap(swapped[1], swapped[3]);  // behind what the server said
    CHECK(suspected(travel(swapped)) == wanted);
}

TEST_CASE(
    "of a QUIC flow the Initial packets that were opened are inspected, and the rest is blind") {
    const engine::Counts counts = travel(all(frames_of_case("quic-other-port"))).counts;
    CHECK(counts.quic_flows == 1);
    CHECK(counts.fates[engine::Fate::inspected] == 1200);
    CHECK(counts.fates[engine::Fate::quic] == counts.quic_payload - 1200);
}

TEST_CASE("every byte has one fate, whatever is lost, cut or garbled") {
    std::mt19937 random(11);
    std::vector<std::string> all_cases = cases;
    all_cases.insert(all_cases.end(), {"quic-chromium", "quic-other-port"});
    for (const std::string& name : all_cases) {
        CAPTURE(name);
        std::vector<OwnedFrame> frames = frames_of_case(name);
        for (int round = 0; round < 6; ++round) {
            std::vector<const OwnedFrame*> some;
            for (OwnedFrame& frame : frames) {
                if (random() % 16 == 0) continue;
                if (random() % 16 == 0 && !frame.bytes.empty())
                    frame.bytes[random() % frame.bytes.size()] ^= 1U << (random() % 8);
                if (random() % 16 == 0)
                    frame.frame.data =
                        Bytes(frame.bytes).first(random() % (frame.bytes.size() + 1));
                some.push_back(&frame);
            }
            const engine::Counts counts = travel(some).counts;
            CHECK(counts.fates.sum() == counts.tcp_payload + counts.quic_payload);
        }
    }
}

TEST_CASE("a flow limit forgets the quietest flows and counts them") {
    Ground small;
    small.limits.table.flows_max = 2;
    const Arrival arrival = travel(all(frames_of_case("multi-client")), small);
    CHECK(arrival.counts.forgotten > 0);
    CHECK(arrival.counts.fates.sum() == arrival.counts.tcp_payload);
}

TEST_CASE("without a memory budget nothing is kept, and nothing breaks") {
    Ground poor;
    poor.limits.memory_bytes_max = 1024;
    const Arrival arrival = travel(all(frames_of_case("result-5mb")), poor);
    CHECK(arrival.counts.fates.sum() == arrival.counts.tcp_payload);
}

TEST_CASE("two readings of one segment: the first counts, the other is told as an evasion") {
    const std::vector<OwnedFrame> frames = frames_of_case("sdk24-pinned");
    const std::size_t number = find_frame(frames, "\"name\":\"crm_update_deal\",\"arguments\"");
    const OwnedFrame other =
        rewritten(frames[number], "\"crm_update_deal\"", "\"mrc_update_deal\"");
    const std::string plain = gist(travel(all(frames)));
    std::vector<const OwnedFrame*> behind = all(frames), before = behind;
    behind.insert(behind.begin() + static_cast<std::ptrdiff_t>(number) + 1, &other);
    before.insert(before.begin() + static_cast<std::ptrdiff_t>(number), &other);

    const Arrival first_true = travel(behind), first_false = travel(before);
    CHECK(names_conflict(first_true));
    CHECK(other_readings_of(first_true) ==
          "tools.crmcloud.example/mcp tools/call mrc_update_deal;");
    CHECK(gist(first_true) == plain);
    CHECK(names_conflict(first_false));
    CHECK(other_readings_of(first_false) ==
          "tools.crmcloud.example/mcp tools/call crm_update_deal;");
    CHECK(gist(first_false) != plain);
}

TEST_CASE("two readings of what is no MCP are an anomaly, and nothing more") {
    const std::vector<OwnedFrame> frames = frames_of_case("jsonrpc-jayson-toolslike");
    const std::size_t number = find_frame(frames, "\"jsonrpc\"");
    const OwnedFrame other = rewritten(frames[number], "\"method\"", "\"temhod\"");
    std::vector<const OwnedFrame*> both = all(frames);
    both.insert(both.begin() + static_cast<std::ptrdiff_t>(number) + 1, &other);
    const Arrival arrival = travel(both);
    CHECK(names_conflict(arrival));
    CHECK(other_readings_of(arrival).empty());
}

TEST_CASE(
    "a protocol that is not read is left alone; if its beginning was not seen, that is said") {
    for (const bool midstream : {false, true}) {
        CAPTURE(midstream);
        engine::Tools tools(ground().limits, {}, ground());
        engine::Layer layer(tools, 0, midstream);
        engine::Surroundings around;
        around.flow = std::make_shared<inventory::Flow>();
        engine::Fates fates;
        Batch<inventory::Sighting> sightings;
        for (const flow::Direction direction :
             {flow::Direction::to_server, flow::Direction::to_client}) {
            flow::StreamChunk chunk;
            chunk.direction = direction;
            chunk.data = as_bytes("\xffSMB, or so");
            layer.push(chunk, around, fates, sightings);
            chunk.offset += chunk.data.size();
            chunk.data = {};
            chunk.end = true;
            layer.push(chunk, around, fates, sightings);
        }
        const engine::Fate fate = midstream ? engine::Fate::midstream : engine::Fate::shunted;
        CHECK(layer.opaque() == fate);
        CHECK(fates[fate] == 22);
        CHECK(fates.sum() == 22);
    }
}
