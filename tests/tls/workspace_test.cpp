#include "tls/workspace.h"

#include <doctest/doctest.h>

using namespace umbratap;
using namespace umbratap::tls;

TEST_CASE("workspace: there is room for what was asked, and a large one is not kept") {
    Budget budget(1 << 20);
    Workspace workspace(budget);
    CHECK(workspace.begin(1 << 20));
    CHECK(workspace.room_bytes() >= 1 << 20);
    const std::uint8_t* const first = workspace.room();
    workspace.use(10);
    CHECK(workspace.room() == first + 10);
    CHECK(workspace.begin(10));
    CHECK(workspace.room_bytes() < 1 << 20);
}

TEST_CASE("workspace: memory of a buffer that is done with serves the next") {
    Budget budget(1 << 20);
    Workspace workspace(budget);
    Buffer one(budget), two(budget);
    const std::vector<std::uint8_t> bytes(1000);
    CHECK(one.append(bytes, 1000));
    const std::uint64_t used = budget.used();
    const std::uint8_t* const memory = one.bytes().data();
    workspace.take_back(one);
    CHECK(one.empty());
    CHECK(budget.used() == used);
    workspace.lend(two);
    CHECK(two.append(bytes, 1000));
    CHECK(two.bytes().data() == memory);
    CHECK(budget.used() == used);
}
