// The queue between threads.
#include "engine/ring.h"

#include <doctest/doctest.h>

#include <memory>
#include <thread>

using namespace umbratap;

TEST_CASE("all that is pushed comes out once and in order, however full the ring gets") {
    engine::Ring<std::unique_ptr<int>> ring(4);
    constexpr int count = 20'000;
    std::thread producer([&] {
        for (int i = 0; i < count; ++i) ring.push(std::make_unique<int>(i));
    });
    for (int i = 0; i < count; ++i) REQUIRE(*ring.pop() == i);
    producer.join();
}
