#include "report/quantity.h"

#include <doctest/doctest.h>

using namespace umbratap::report;
using namespace std::chrono_literals;

TEST_CASE("quantity: counts are grouped by thousands") {
    CHECK(count_text(0) == "0");
    CHECK(count_text(999) == "999");
    CHECK(count_text(1000) == "1,000");
    CHECK(count_text(1'234'567) == "1,234,567");
    CHECK(count_text(18'446'744'073'709'551'615U) == "18,446,744,073,709,551,615");
}

TEST_CASE("quantity: bytes have three digits and never become 1000 of a unit") {
    CHECK(bytes_text(0) == "0 bytes");
    CHECK(bytes_text(1) == "1 byte");
    CHECK(bytes_text(999) == "999 bytes");
    CHECK(bytes_text(1000) == "1.00 kB");
    CHECK(bytes_text(31'240'000) == "31.2 MB");
    CHECK(bytes_text(812'400'000) == "812 MB");
    CHECK(bytes_text(999'400) == "999 kB");
    CHECK(bytes_text(999'999) == "1.00 MB");
    CHECK(short_count_text(1'234'567) == "1.23 M");
}

TEST_CASE("quantity: durations have the units that matter") {
    CHECK(duration_text(300ms) == "0.3 s");
    CHECK(duration_text(9'960ms) == "10 s");
    CHECK(duration_text(130s) == "2 min 10 s");
    CHECK(duration_text(3h + 5min) == "3 h 5 min");
    CHECK(duration_text(49h) == "2 days 1 h");
    CHECK(duration_text(-1s) == "0 s");
}

TEST_CASE("quantity: one is not many") {
    CHECK(counted(1, "packet") == "1 packet");
    CHECK(counted(0, "packet") == "0 packets");
    CHECK(counted(1200, "packet") == "1,200 packets");
}
