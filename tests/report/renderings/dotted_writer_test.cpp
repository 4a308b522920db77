#include "report/renderings/dotted_writer.h"

#include <doctest/doctest.h>

using namespace umbratap::report;

TEST_CASE("dotted writer: objects are opened and closed as the names say") {
    std::string out;
    DottedWriter writer(out);
    writer.text("@timestamp", "t");
    writer.text("a.b.c", "1");
    writer.number("a.b.d", -2);
    writer.truth("a.e", true);
    writer.texts("ab.c", {"x", "y"});
    writer.text("z", "\u202e");
    writer.close();
    CHECK(
        out ==
        R"({"@timestamp":"t","a":{"b":{"c":"1","d":-2},"e":true},"ab":{"c":["x","y"]},"z":"\u202e"})");
}

TEST_CASE("dotted writer: what is empty opens nothing") {
    std::string out;
    DottedWriter writer(out);
    writer.text("a.b", "");
    writer.texts("a.c", {});
    writer.close();
    CHECK(out == "{}");
}

TEST_CASE("dotted writer: of rows with one name the first counts that the event has") {
    EventReader event;
    REQUIRE(event.read(
        R"({"timestamp":"2026-10-01T12:00:00.123456+0000","event_type":"x","event_id":"0","p":{"q":7}})"));
    constexpr Field fields[] = {
        {"host", "nothing"}, {"host", "event_id"}, {"host", "p.q"}, {"n.m", "p.q"}, {"o", "gone"}};
    std::string out;
    DottedWriter writer(out);
    writer.copy(fields, event);
    CHECK(writer.copy_text("s", event, "p.q"));
    CHECK_FALSE(writer.copy("u", event, "gone"));
    writer.close();
    CHECK(out == R"({"host":"0","n":{"m":7},"s":"7"})");
}
