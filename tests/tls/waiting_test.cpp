#include "tls/waiting.h"

#include <doctest/doctest.h>

#include <string>

using namespace umbratap;
using namespace umbratap::tls;
using flow::Direction;

namespace {

flow::StreamChunk chunk_of(std::string_view text, std::uint64_t number,
                           Direction direction = Direction::to_server) {
    flow::StreamChunk chunk;
    chunk.data = as_bytes(text);
    chunk.packet_number = number;
    chunk.direction = direction;
    return chunk;
}

}  // namespace

TEST_CASE("waiting: chunks come out as they went in; pieces of one packet are joined") {
    Budget budget(1 << 20);
    Waiting waiting(budget);
    CHECK(waiting.add(chunk_of("a", 1), as_bytes("first "), 1000));
    CHECK(waiting.add(chunk_of("b", 1), {}, 1000));
    CHECK(waiting.add(chunk_of("c", 1, Direction::to_client), {}, 1000));
    flow::StreamChunk hole = chunk_of("", 2);
    hole.missing = 7;
    CHECK(waiting.add(hole, {}, 1000));
    CHECK(waiting.bytes() == 9);

    flow::StreamChunk chunk;
    REQUIRE(waiting.take(chunk));
    CHECK(as_text(chunk.data) == "first ab");
    REQUIRE(waiting.take(chunk));
    CHECK(chunk.direction == Direction::to_client);
    REQUIRE(waiting.take(chunk));
    CHECK(chunk.missing == 7);
    CHECK(chunk.data.empty());
    CHECK(!waiting.take(chunk));
}

TEST_CASE("waiting: each direction has its limit, which the number of pieces counts towards") {
    Budget budget(1 << 20);
    Waiting waiting(budget);
    CHECK(!waiting.add(chunk_of(std::string(1000, 'x'), 1), {}, 1000));
    CHECK(waiting.add(chunk_of(std::string(900, 'x'), 1), {}, 1000));
    CHECK(!waiting.add(chunk_of(std::string(100, 'x'), 1), {}, 1000));
    CHECK(waiting.add(chunk_of("y", 2, Direction::to_client), {}, 1000));
    for (std::uint64_t i = 3; i < 100; ++i) {
        if (!waiting.add(chunk_of("y", i, Direction::to_client), {}, 1000)) return;
    }
    FAIL("a hundred pieces of one byte");
}
