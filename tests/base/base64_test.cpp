#include "base/base64.h"

#include <doctest/doctest.h>

namespace umbratap {
namespace {

TEST_CASE("the examples of RFC 4648, section 10, are read, with padding and without") {
    CHECK(from_base64("") == "");
    CHECK(from_base64("Zg==") == "f");
    CHECK(from_base64("Zm8=") == "fo");
    CHECK(from_base64("Zm9v") == "foo");
    CHECK(from_base64("Zm9vYmFy") == "foobar");
    CHECK(from_base64("Zm8") == "fo");
}

TEST_CASE("both alphabets are read") {
    CHECK(from_base64("+/+/") == "\xfb\xff\xbf");
    CHECK(from_base64("-_-_") == "\xfb\xff\xbf");
}

TEST_CASE("what is not base64 is refused") {
    CHECK(!from_base64("Z"));
    CHECK(!from_base64("Zm9v Zg=="));
    CHECK(!from_base64("Zg==="));
    CHECK(!from_base64("Z=g="));
}

}  // namespace
}  // namespace umbratap
