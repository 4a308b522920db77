#include "report/severity_queue.h"

#include <doctest/doctest.h>

using namespace umbratap::report;

namespace {

std::uint64_t push(SeverityQueue& queue, unsigned rank, std::string_view bytes) {
    static std::uint64_t number = 0;
    return queue.push(rank, number++, bytes);
}

}  // namespace

TEST_CASE("severity queue: what came first goes first, whatever its rank") {
    SeverityQueue queue(1 << 20);
    for (const unsigned rank : {2U, 0U, 1U, 2U}) push(queue, rank, std::to_string(rank));
    std::string order;
    while (!queue.empty()) order += queue.take().bytes;
    CHECK(order == "2012");
    CHECK(queue.bytes() == 0);
}

TEST_CASE("severity queue: a million of the lowest rank do not push out ten of the highest") {
    SeverityQueue queue(1 << 20);
    std::uint64_t given_up = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        given_up += push(queue, 2, "low");
        if (i % 100'000 == 0) given_up += push(queue, 0, "high");
    }
    CHECK(queue.bytes() <= 1 << 20);
    CHECK(given_up + queue.events() == 1'000'010);
    int high = 0;
    while (!queue.empty()) high += queue.take().rank == 0 ? 1 : 0;
    CHECK(high == 10);
}

TEST_CASE("severity queue: the lowest rank yields first, its oldest before its newest") {
    SeverityQueue queue(1000);
    const std::string text(250, 'x');
    CHECK(push(queue, 2, "a" + text) == 0);
    CHECK(push(queue, 1, "b" + text) == 0);
    CHECK(push(queue, 2, "c" + text) == 0);
    CHECK(push(queue, 2, "d" + text) == 1);  // no lower rank is there: it goes itself
    CHECK(push(queue, 1, "e" + text) == 1);  // for a
    CHECK(push(queue, 0, "f" + text) == 1);  // for c
    CHECK(push(queue, 0, "g" + text) == 1);  // for b
    CHECK(push(queue, 2, std::string(2000, 'x')) == 1);
    std::string order;
    while (!queue.empty()) order += queue.take().bytes[0];
    CHECK(order == "efg");
}
