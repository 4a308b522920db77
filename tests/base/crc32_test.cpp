#include "base/crc32.h"

#include <doctest/doctest.h>

TEST_CASE("crc32: the check value of the catalogue") {
    CHECK(umbratap::crc32("123456789") == 0xcbf43926U);
    CHECK(umbratap::crc32("") == 0);
}
