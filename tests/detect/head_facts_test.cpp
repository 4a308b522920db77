#include "detect/head_facts.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace umbratap;
using detect::HeadFacts;
using detect::WatchedHeaders;

TEST_CASE("head facts: the first field of each watched name, whatever else is there") {
    WatchedHeaders watched;
    const std::uint8_t accept = watched.add("accept"), session = watched.add("mcp-session-id"),
                       empty = watched.add("x-empty");
    CHECK(watched.add("accept") == accept);
    http::Head head;
    head.fields.add("Host", "h");
    head.fields.add("Accept", "application/json");
    head.fields.add("accept", "text/html");
    head.fields.add("X-Empty", "");
    const HeadFacts facts(&head, watched);
    CHECK(facts.value(accept) == "application/json");
    CHECK_FALSE(facts.has(session));
    CHECK(facts.value(session).empty());
    CHECK(facts.has(empty));
    CHECK_FALSE(HeadFacts(nullptr, watched).has(accept));
}

TEST_CASE("head facts: more names than there are numbers are refused") {
    WatchedHeaders watched;
    for (std::size_t i = 0; i < WatchedHeaders::names_max; ++i)
        CHECK(watched.add("x-" + std::to_string(i)) == i);
    CHECK(watched.add("x-63") == 63);
    CHECK_THROWS_AS(watched.add("x-64"), std::length_error);
}
