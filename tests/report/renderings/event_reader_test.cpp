#include "report/renderings/event_reader.h"

#include <doctest/doctest.h>

using umbratap::report::EventReader;
using umbratap::report::microseconds_of;

namespace {

constexpr std::string_view line =
    R"({"timestamp":"2026-10-01T12:00:00.123456+0000","event_type":"stats","event_id":"00","n":-7,"d":1.5,)"
    R"("yes":true,"list":["a","b\u202e"],"mcp":{"method":{"name":"tools\/call"},"none":null},"blind":{"a":1,"b":2.5,"c":"x"}})";

}  // namespace

TEST_CASE("event reader: values are found by dotted paths") {
    EventReader event;
    REQUIRE(event.read(line));
    CHECK(event.type() == "stats");
    CHECK(event.text("mcp.method.name") == "tools/call");
    CHECK(event.integer("n") == -7);
    CHECK(event.number("d") == 1.5);
    CHECK(event.truth("yes"));
    CHECK(event.texts("list").size() == 2);
    CHECK(event.sum("blind") == 3.5);
    CHECK(event.has("mcp.none"));
}

TEST_CASE("event reader: what is not there, or is of another type, is empty") {
    EventReader event;
    REQUIRE(event.read(line));
    for (const char* path : {"x", "mcp.x", "mcp.method.name.x", "n.x", "list.x", ".", ""})
        CHECK(event.text(path).empty());
    CHECK_FALSE(event.integer("event_id"));
    CHECK_FALSE(event.truth("n"));
    CHECK(event.texts("n").empty());
    CHECK(event.sum("n") == 0);
    std::string out;
    CHECK_FALSE(event.append_json("x", out));
    CHECK_FALSE(event.append_text("x", out));
    CHECK(out.empty());
}

TEST_CASE("event reader: values are handed on as JSON and as text") {
    EventReader event;
    REQUIRE(event.read(line));
    std::string json, text;
    CHECK(event.append_json("mcp", json));
    CHECK(json == R"({"method":{"name":"tools/call"},"none":null})");
    json.clear();
    CHECK(event.append_json("list", json));
    CHECK(json == R"(["a","b\u202e"])");
    CHECK(event.append_text("list", text));
    CHECK(text == "a,b\u202e");
    text.clear();
    CHECK(event.append_text("n", text));
    CHECK(text == "-7");
}

TEST_CASE("event reader: what is no event is refused") {
    EventReader event;
    for (const char* junk :
         {"", "\n", "words", "[]", "7", "{", "{}", R"({"event_type":"mcp","event_id":"1"})",
          R"({"timestamp":"2026-10-01T12:00:00.123456+0000","event_id":"1"})",
          R"({"timestamp":"2026-10-01T12:00:00.123456+0000","event_type":"mcp"})",
          R"({"timestamp":"yesterday","event_type":"mcp","event_id":"1"})",
          R"({"timestamp":7,"event_type":"mcp","event_id":"1"})"}) {
        CAPTURE(junk);
        CHECK_FALSE(event.read(junk));
    }
    CHECK_FALSE(event.read(std::string(line) + "{}"));
    CHECK_FALSE(event.read(std::string(EventReader::line_bytes_max + 1, ' ')));
    CHECK(event.read(std::string(line) + "\n"));
}

TEST_CASE("event reader: time is microseconds since 1970") {
    CHECK(microseconds_of("1970-01-01T00:00:00.000000+0000") == 0);
    CHECK(microseconds_of("1969-12-31T23:59:59.999999+0000") == -1);
    CHECK(microseconds_of("2026-10-01T12:00:00.123456+0000") == 1'790'856'000'123'456);
    for (const char* wrong : {"2026-10-01T12:00:00.123456Z", "2026-13-01T12:00:00.123456+0000",
                              "2026-02-30T12:00:00.123456+0000", "2026-10-01T24:00:00.123456+0000",
                              "2026-10-01T12:00:00.123456+0100", "2026-10-0xT12:00:00.123456+0000"})
        CHECK_FALSE(microseconds_of(wrong));
}
