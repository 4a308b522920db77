#include "http/fields.h"

#include <doctest/doctest.h>

using namespace umbratap::http;

TEST_CASE("fields: names are lower case, values lose the white space around them") {
    Fields fields;
    fields.add("Content-Type", "  text/plain \t");
    fields.add("X", "");
    CHECK(fields.size() == 2);
    CHECK(fields.name(0) == "content-type");
    CHECK(fields.value(0) == "text/plain");
    CHECK(fields.has("x"));
    CHECK(!fields.has("X"));
}

TEST_CASE("fields: the first of a name is found, and a name that is a part of another is not") {
    Fields fields;
    fields.add("a-b", "1");
    fields.add("a", "2");
    fields.add("A", "3");
    CHECK(fields.find("a") == "2");
    CHECK(fields.find("b").empty());
}

TEST_CASE("fields: a list holds a token whatever its case and place, but not a part of one") {
    CHECK(list_holds("gzip, BR", "br"));
    CHECK(list_holds("br", "br"));
    CHECK(!list_holds("brr, xbr", "br"));
    CHECK(!list_holds("", "br"));
    CHECK(list_holds(",,br", "br"));
}

TEST_CASE("fields: a media type has no parameters") {
    CHECK(media_type("Text/Event-Stream; charset=utf-8") == "text/event-stream");
    CHECK(media_type(" application/json ") == "application/json");
    CHECK(media_type("").empty());
}
