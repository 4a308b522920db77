#include "report/event_bytes.h"

#include <doctest/doctest.h>

using namespace umbratap::report;

TEST_CASE("event bytes: an event comes back as it went") {
    Event event;
    event.line = "{}\n";
    event.timestamp = "2026-10-01T12:00:00.123456+0000";
    event.type = "alert";
    event.severity = 2;
    event.id = "0123456789abcdef";
    event.community_id = "1:abc=";
    std::string bytes;
    append_event(event, bytes);
    const auto back = read_event(bytes);
    REQUIRE(back);
    CHECK(back->line == event.line);
    CHECK(back->timestamp == event.timestamp);
    CHECK(back->type == event.type);
    CHECK(back->severity == event.severity);
    CHECK(back->id == event.id);
    CHECK(back->community_id == event.community_id);
}

TEST_CASE("event bytes: a name that is too long is cut, and what is too short is no event") {
    const std::string name(300, 'n');
    Event event;
    event.id = name;
    std::string bytes;
    append_event(event, bytes);
    CHECK(read_event(bytes)->id.size() == 255);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        CHECK_FALSE(read_event(std::string_view(bytes).substr(0, size)));
}

TEST_CASE("event bytes: alerts of severity 1 and 2 rank first, then the others, then the rest") {
    Event event;
    const unsigned expected[] = {2, 0, 0, 1, 1};
    for (std::uint8_t severity = 0; severity <= 4; ++severity) {
        event.severity = severity;
        CHECK(rank_of(event) == expected[severity]);
    }
}

TEST_CASE("event bytes: numbers are little-endian") {
    std::string bytes;
    append_number_bytes(std::uint32_t{0x01020384}, bytes);
    CHECK(bytes == "\x84\x03\x02\x01");
    CHECK(read_number_bytes<std::uint32_t>(bytes) == 0x01020384);
}
