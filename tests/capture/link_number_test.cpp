#include "capture/link_number.h"

#include <doctest/doctest.h>

using namespace umbratap::capture;

TEST_CASE("link numbers: the few that differ are translated, both ways") {
    CHECK(in_files(in_libpcap(101)) == 101);
    CHECK(in_files(12) == 101);  // raw IP on Linux
    CHECK(in_libpcap(1) == 1);
    CHECK(in_files(1) == 1);
    CHECK(in_files(113) == 113);
}
