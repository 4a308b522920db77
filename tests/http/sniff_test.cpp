#include "http/sniff.h"

#include <doctest/doctest.h>

using namespace umbratap;
using namespace umbratap::http;

TEST_CASE("sniff: white space, byte order marks and halves of UTF-16 say nothing") {
    CHECK(leading(as_bytes(" \t\r\n{")) == 4);
    CHECK(leading(as_bytes("\xef\xbb\xbf{")) == 3);
    CHECK(leading(as_bytes(std::string_view("\xff\xfe\x7b\0", 4))) == 2);
    CHECK(leading(as_bytes(std::string_view("\0\0\0{", 4))) == 3);
    CHECK(leading({}) == 0);
}

TEST_CASE("sniff: texts, events, others, and what is not long enough to tell") {
    CHECK(looks_like(as_bytes("{")) == Looks::text);
    CHECK(looks_like(as_bytes("[1]")) == Looks::text);
    CHECK(looks_like(as_bytes("data: x")) == Looks::events);
    CHECK(looks_like(as_bytes(": comment")) == Looks::events);
    CHECK(looks_like(as_bytes("retry:5")) == Looks::events);
    CHECK(looks_like(as_bytes("dat")) == Looks::unclear);
    CHECK(looks_like({}) == Looks::unclear);
    CHECK(looks_like(as_bytes("dato")) == Looks::other);
    CHECK(looks_like(as_bytes("<html>")) == Looks::other);
    CHECK(looks_like(as_bytes("Data: x")) == Looks::other);
}
