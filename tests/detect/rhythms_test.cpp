#include "detect/rhythms.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

using namespace umbratap;
using namespace umbratap::detect;

namespace {

const Rhythms& rhythms() {
    static const Rhythms one(std::string(std::getenv("UMBRATAP_SOURCE_ROOT")) + "/rules");
    return one;
}

std::vector<RhythmTurn> turns(std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> sizes,
                              bool http2 = false) {
    std::vector<RhythmTurn> some;
    for (const auto& [sent, received] : sizes) some.push_back({{{}, sent, received}, http2});
    return some;
}

}  // namespace

TEST_CASE("rhythms: every example of the rules does what it should") {
    CHECK(rhythms().check().empty());
    CHECK(rhythms().all().size() >= 3);
}

TEST_CASE(
    "rhythms: a handshake with its stream is told alone, and says what its score is made of") {
    const auto score =
        rhythms().weigh(turns({{426, 449}, {408, 142}, {283, 234}, {400, 1145}}), {});
    REQUIRE(score);
    CHECK(score->told);
    CHECK(score->rule == "handshake-http1");
    CHECK(score->confidence == 85);
    CHECK(score->parts ==
          std::vector<std::string>{"rhythm.handshake-http1 60", "rhythm.event-stream 25"});
    CHECK(score->shown == "426/449 408/142 400/1145 283/234");
}

TEST_CASE("rhythms: without the stream it takes a name to be told") {
    const auto some = turns({{426, 449}, {408, 142}, {400, 1145}});
    CHECK(!rhythms().weigh(some, {})->told);
    const auto named = rhythms().weigh(some, {"mcp-label", {}});
    CHECK(named->told);
    CHECK(named->parts.front() == "name.mcp-label 35");
    CHECK(named->confidence == 95);
}

TEST_CASE("rhythms: fingerprint, ALPN and an open stream add their parts") {
    const std::vector<std::string> offered = {"http/1.1"}, other = {"h2", "http/1.1"};
    const auto some = turns({{426, 449}, {408, 142}, {400, 1145}});
    const auto score =
        rhythms().weigh(some, {{}, "t13d5912h1_a33745022dd6_dbd39dd1d406", offered, true});
    CHECK(score->parts == std::vector<std::string>{"rhythm.handshake-http1 60", "ja4.node 5",
                                                   "alpn.http1-alone 2", "long-lived 3"});
    CHECK(score->confidence == 70);
    CHECK(!score->told);
    CHECK(rhythms().weigh(some, {{}, {}, other, false})->parts.size() == 1);
}

TEST_CASE("rhythms: the order of turns counts, and how far they lie apart") {
    CHECK(!rhythms().weigh(turns({{408, 142}, {426, 449}, {400, 1145}}), {}));
    CHECK(!rhythms().weigh(
        turns(
            {{426, 449}, {900, 900}, {900, 900}, {900, 900}, {900, 900}, {408, 142}, {400, 1145}}),
        {}));
    CHECK(!rhythms().weigh({}, {}));
    CHECK(!rhythms().weigh(turns({{426, 449}, {408, 142}, {400, 1145}}, true), {}));
}

TEST_CASE("rhythms: work is bounded whatever the sizes are") {
    std::vector<RhythmTurn> many(1000, RhythmTurn{{{}, 400, 400}, false});
    CHECK(!rhythms().weigh(many, {"known-server", {}}));
}
