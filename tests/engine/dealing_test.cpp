// What goes from a thread that reads to the workers.
#include "engine/dealing.h"

#include <doctest/doctest.h>

#include "support/packet_builder.h"

using namespace umbratap;
using namespace std::chrono_literals;

TEST_CASE("packet clock: it ticks once a second, and packets may come out of order") {
    engine::PacketClock clock(10s);
    const Time begin{1000s};
    CHECK_FALSE(clock.advance(begin + 900ms));
    CHECK(clock.advance(begin + 1s));
    CHECK_FALSE(clock.advance(begin + 1s));
    CHECK_FALSE(clock.advance(begin));
    CHECK(clock.now() == begin + 1s);
    CHECK(clock.advance(begin + 500s));
    CHECK_FALSE(clock.went_back());
}

TEST_CASE("packet clock: a clock that was set back is followed") {
    engine::PacketClock clock(10s);
    const Time begin{1000s};
    clock.advance(begin + 87600h);
    CHECK_FALSE(clock.advance(begin + 87600h - 10s));
    CHECK(clock.advance(begin));
    CHECK(clock.went_back());
    CHECK(clock.now() == begin);
    CHECK(clock.advance(begin + 1s));
    CHECK_FALSE(clock.went_back());
}

TEST_CASE("packet clock: no time that a capture may claim is too much for it") {
    engine::PacketClock clock(10s);
    for (const Time time : {Time::min(), Time::max(), Time::min(), Time{}, Time::max()})
        clock.advance(time);
    CHECK(clock.now() > Time{});
}

TEST_CASE("packet copies: what was kept outlives the frames") {
    engine::PacketCopies copies;
    std::vector<engine::Placed> kept;
    for (int i = 0; i < 1000; ++i) {
        const std::string frame = std::string(1400, static_cast<char>('a' + i % 26));
        engine::Placed placed;
        placed.sequence = static_cast<std::uint64_t>(i);
        placed.packet.network = as_bytes(frame);
        placed.packet.segment = placed.packet.network.subspan(20, 1000);
        kept.push_back(copies.keep(placed));
    }
    for (int i = 0; i < 1000; ++i) {
        const packet::Packet& packet = kept[static_cast<std::size_t>(i)].packet;
        CHECK(packet.network.size() == 1400);
        CHECK(packet.segment.data() == packet.network.data() + 20);
        CHECK(packet.segment[999] == 'a' + i % 26);
    }
}
