// JSON Pointers of a Watch.
#include <doctest/doctest.h>

#include <stdexcept>

#include "mcp/message.h"

using namespace umbratap;

TEST_CASE("watch: pointers are numbered as they come, equal ones once") {
    mcp::Watch watch;
    CHECK(watch.add("/id") == 0);
    CHECK(watch.add("/params/a~1b") == 1);
    CHECK(watch.add("/id") == 0);
    CHECK(watch.size() == 2);
    CHECK(watch.pointer(1) == "/params/a~1b");
    const mcp::Watch copy = watch;
    CHECK(copy.pointer(0) == "/id");
}

TEST_CASE("watch: what is no pointer is refused") {
    mcp::Watch watch;
    for (const char* text : {"id", "/a~", "/a~2", "/~", "/1/2/3/4/5/6/7/8/9"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(watch.add(text), std::invalid_argument);
    }
    CHECK(watch.size() == 0);
    CHECK_NOTHROW(watch.add(""));
    CHECK_NOTHROW(watch.add("/"));
    CHECK_NOTHROW(watch.add("/1/2/3/4/5/6/7/8"));
}
