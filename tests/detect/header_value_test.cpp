#include "detect/header_value.h"

#include <doctest/doctest.h>

namespace umbratap::detect {
namespace {

TEST_CASE("a header carries its value plain, or between the marks of base64") {
    CHECK(header_value("run_report") == "run_report");
    CHECK(header_value("=?base64?w6Rww6Rs?=") == "\u00e4p\u00e4l");
    CHECK(header_value("=?base64?" "?=").empty());
    CHECK(header_value("=?base64?!?=") == "=?base64?!?=");
    CHECK(header_value("=?BASE64?w6Q=?=") == "=?BASE64?w6Q=?=");
    CHECK(header_value("").empty());
}

}  // namespace
}  // namespace umbratap::detect
