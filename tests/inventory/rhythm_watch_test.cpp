#include "inventory/rhythm_watch.h"

#include <doctest/doctest.h>

using namespace umbratap;
using namespace umbratap::inventory;

namespace {

Time at(int seconds) {
    return Time(std::chrono::seconds(seconds));
}

std::vector<detect::RhythmTurn> turn(int seconds, std::uint32_t sent) {
    return {{{at(seconds), sent, 100}, false}};
}

}  // namespace

TEST_CASE("rhythm watch: turns of several connections are put in the order of time") {
    RhythmWatch watch(10);
    watch.add("a", at(5), turn(4, 2));
    watch.add("b", at(5), turn(1, 9));
    const RhythmWatch::Pair& pair = watch.add("a", at(6), turn(1, 1));
    REQUIRE(pair.turns.size() == 2);
    CHECK(pair.turns[0].turn.sent == 1);
    CHECK(pair.turns[1].turn.sent == 2);
}

TEST_CASE("rhythm watch: what was long ago goes, what was told stays told") {
    RhythmWatch watch(10);
    watch.add("a", at(5), turn(4, 2)).told = true;
    const RhythmWatch::Pair& pair = watch.add("a", at(1000), turn(999, 3));
    CHECK(pair.turns.size() == 1);
    CHECK(pair.told);
}

TEST_CASE("rhythm watch: turns and pairs are bounded") {
    RhythmWatch watch(2);
    for (int i = 0; i < 100; ++i) watch.add("a", at(i), turn(i, static_cast<std::uint32_t>(i)));
    const RhythmWatch::Pair& pair = watch.add("a", at(100), turn(100, 100));
    CHECK(pair.turns.size() == detect::Rhythms::turns_max);
    CHECK(pair.turns.back().turn.sent == 100);
    watch.add("b", at(101), turn(101, 1));
    watch.add("c", at(102), turn(102, 1));
    CHECK(watch.add("a", at(103), turn(103, 1)).turns.size() == 1);
}
