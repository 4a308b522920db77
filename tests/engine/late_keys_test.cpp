// Keys that come late, are wrong, or are two for one connection, on the whole journey.
#include <doctest/doctest.h>

#include "engine/journey.h"
#include "tls/session.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

const std::string tls13 = "tls13-aes128gcm", tls12 = "tls12-ecdhe-rsa-aes128gcm";

/// All frames at once; the keys so long after the first of them; then, after a while, the end.
Arrival travel_with_keys_after(const std::string& name, Duration delay) {
    const std::vector<OwnedFrame> frames = frames_of_case(name);
    Journey journey(ground(), true);
    const Time begin = frames.front().frame.time;
    const auto clock = std::chrono::milliseconds(100);
    for (const OwnedFrame& frame : frames) {
        OwnedFrame early = frame;
        early.frame.time = begin;  // a burst, so that the delay is that of the keys
        early.frame.data = early.bytes;
        journey.push(early);
    }
    for (Duration passed{}; passed < delay; passed += clock) journey.tick(begin + passed);
    journey.add_secrets(keys_of_case(name));
    journey.tick(begin + delay);
    return journey.finish();
}

/// Every secret with its first digit changed.
std::string wrong(std::string keys) {
    for (std::size_t end = keys.find('\n'); end != std::string::npos;
         end = keys.find('\n', end + 1)) {
        const std::size_t secret = keys.rfind(' ', end) + 1;
        keys[secret] = keys[secret] == '0' ? '1' : '0';
    }
    return keys;
}

std::uint64_t times(const Arrival& arrival, const std::string& problem) {
    std::map<std::string, std::uint64_t> sums;
    arrival.counts.problems.add_to(sums);
    return sums[problem];
}

}  // namespace

TEST_CASE("late keys: up to the window everything is read, beyond it is counted as late") {
    for (const std::string& name : {tls13, tls12}) {
        CAPTURE(name);
        const std::string plain =
            gist(travel(all(frames_of_case(name)), ground(), keys_of_case(name)));
        REQUIRE(!plain.empty());
        for (const int milliseconds : {0, 100, 1000, 1900}) {
            CAPTURE(milliseconds);
            const Arrival arrival =
                travel_with_keys_after(name, std::chrono::milliseconds(milliseconds));
            CHECK(gist(arrival) == plain);
            CHECK(arrival.counts.tls.no_key == 0);
            CHECK(arrival.counts.fates.sum() == arrival.counts.tcp_payload);
            CHECK(arrival.counts.fates[engine::Fate::no_key] == 0);
        }
        for (const int seconds : {5, 30}) {
            CAPTURE(seconds);
            const Arrival arrival = travel_with_keys_after(name, std::chrono::seconds(seconds));
            CHECK(gist(arrival).empty());
            CHECK(arrival.counts.tls.no_key > 0);
            CHECK(times(arrival, "tls.keys_late") > 0);
            CHECK(arrival.counts.fates[engine::Fate::no_key] > 0);
            CHECK(arrival.counts.fates.sum() == arrival.counts.tcp_payload);
        }
    }
}

TEST_CASE("wrong keys open nothing, and are told from missing ones") {
    for (const std::string& name : {tls13, tls12}) {
        CAPTURE(name);
        const std::vector<OwnedFrame> frames = frames_of_case(name);
        const Arrival arrival = travel(all(frames), ground(), wrong(keys_of_case(name)));
        CHECK(gist(arrival).empty());
        CHECK(arrival.counts.tls.decrypted == 0);
        CHECK(arrival.counts.tls.why_no_key[static_cast<std::size_t>(tls::WhyNoKey::tag_failed)] >
              0);
        CHECK(arrival.counts.fates.sum() == arrival.counts.tcp_payload);
        const Arrival without = travel(all(frames));
        CHECK(without.counts.tls.why_no_key[static_cast<std::size_t>(tls::WhyNoKey::no_entry)] > 0);
    }
}

TEST_CASE("of two keys for one connection the right one is found, whichever came first") {
    for (const std::string& name : {tls13, tls12}) {
        CAPTURE(name);
        const std::vector<OwnedFrame> frames = frames_of_case(name);
        const std::string keys = keys_of_case(name);
        const std::string plain = gist(travel(all(frames), ground(), keys));
        CHECK(gist(travel(all(frames), ground(), wrong(keys) + keys)) == plain);
        CHECK(gist(travel(all(frames), ground(), keys + wrong(keys))) == plain);
    }
}
