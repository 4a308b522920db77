#include "http/items.h"

#include <doctest/doctest.h>

using namespace umbratap::http;

TEST_CASE("items: versions are written as events show them") {
    CHECK(to_string(Version::none) == "");
    CHECK(to_string(Version::http_1_0) == "1.0");
    CHECK(to_string(Version::http_1_1) == "1.1");
    CHECK(to_string(Version::http_2) == "2");
    CHECK(to_string(Version::http_3) == "3");
}
