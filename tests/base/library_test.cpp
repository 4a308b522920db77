#include "base/library.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <stdexcept>
#include <string>

using namespace umbratap;

TEST_CASE("library: a function is found by its name, and what is missing is named") {
    const Library zlib("libz.so.1", "zlib1g");
    decltype(zlibVersion)* const version = zlib.find("zlibVersion");
    CHECK(std::string(version()) == zlibVersion());
    CHECK_THROWS_WITH_AS(zlib.find("no_such_function"), "libz.so.1 has no no_such_function",
                         std::runtime_error);
    std::string complaint;
    try {
        const Library none("libno-such-thing.so.1", "no-such-thing1");
    } catch (const std::runtime_error& error) {
        complaint = error.what();
    }
    CHECK(complaint.starts_with("libno-such-thing.so.1: "));
    CHECK(complaint.ends_with("; install no-such-thing1"));
}
