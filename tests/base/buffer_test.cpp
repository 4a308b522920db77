#include "base/buffer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace umbratap;

TEST_CASE("buffer: what is appended stands there, less what was dropped in front") {
    Budget budget(1 << 20);
    Buffer buffer(budget);
    std::string expected;
    for (int i = 0; i < 2000; ++i) {
        const std::string more = std::to_string(i) + ";";
        REQUIRE(buffer.append(as_bytes(more), 1 << 20));
        expected += more;
        const std::size_t drop = static_cast<std::size_t>(i) % 5;
        buffer.drop_front(drop);
        expected.erase(0, drop);
        REQUIRE(as_text(buffer.bytes()) == expected);
    }
}

TEST_CASE("buffer: append refuses rather than exceeds its own cap") {
    Budget budget(1 << 20);
    Buffer buffer(budget);
    CHECK(buffer.append(as_bytes("12345678"), 10));
    CHECK_FALSE(buffer.append(as_bytes("abc"), 10));
    CHECK_FALSE(buffer.append(as_bytes("abcdefghijk"), 10));
    CHECK(buffer.append(as_bytes("ab"), 10));
    CHECK(as_text(buffer.bytes()) == "12345678ab");
}

TEST_CASE("buffer: append refuses rather than exceeds the budget, and all is given back") {
    Budget budget(1000);
    {
        Buffer first(budget), second(budget);
        const std::string half(500, 'x');
        CHECK(first.append(as_bytes(half), 10'000));
        CHECK(budget.used() >= 500);
        CHECK_FALSE(second.append(as_bytes(half + half), 10'000));
        CHECK(second.empty());
        first.clear();
        CHECK(budget.used() == 0);
        CHECK(second.append(as_bytes(half), 10'000));
    }
    CHECK(budget.used() == 0);
}

TEST_CASE("buffer: 64 readable bytes of zero stand behind the content, always") {
    Budget budget(1 << 20);
    Buffer buffer(budget);
    const auto padding_is_zero = [&] {
        const std::uint8_t* end = buffer.bytes().data() + buffer.size();
        return std::all_of(end, end + readable_padding,
                           [](std::uint8_t byte) { return byte == 0; });
    };
    for (const std::size_t size : {1, 255, 1, 300, 64, 7}) {
        REQUIRE(buffer.append(as_bytes(std::string(size, 'x')), 1 << 20));
        CHECK(padding_is_zero());
    }
    buffer.reset(1 << 20);
    REQUIRE(buffer.append(as_bytes("short"), 100));
    CHECK(padding_is_zero());
}

TEST_CASE("buffer: reset keeps memory for the next up to what was allowed") {
    Budget budget(1 << 20);
    Buffer buffer(budget);
    REQUIRE(buffer.append(as_bytes(std::string(5000, 'x')), 1 << 20));
    const std::uint64_t taken = budget.used();
    buffer.reset(taken);
    CHECK(buffer.empty());
    CHECK(budget.used() == taken);
    buffer.reset(taken - 1);
    CHECK(budget.used() == 0);
}

TEST_CASE("buffer: a moved buffer takes content and charge along") {
    Budget budget(1 << 20);
    Buffer source(budget);
    REQUIRE(source.append(as_bytes("content"), 100));
    Buffer target(std::move(source));
    CHECK(as_text(target.bytes()) == "content");
    Buffer other(budget);
    REQUIRE(other.append(as_bytes("gone"), 100));
    other = std::move(target);
    CHECK(as_text(other.bytes()) == "content");
    other.clear();
    CHECK(budget.used() == 0);
}

TEST_CASE("budget: it refuses what does not fit, without wrapping round") {
    Budget budget(100);
    CHECK(budget.take(60));
    CHECK_FALSE(budget.take(41));
    CHECK_FALSE(budget.take(~std::uint64_t{0}));
    CHECK(budget.take(40));
    budget.give_back(100);
    CHECK(budget.used() == 0);
}
