#include "base/bytes.h"

#include <doctest/doctest.h>

using namespace umbratap;

TEST_CASE("bytes: numbers are read in the order they are named after, at any alignment") {
    const std::uint8_t memory[] = {0xff, 0x80, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    const std::uint8_t* at = memory + 1;
    CHECK(big_endian_16(at) == 0x8023);
    CHECK(big_endian_24(at) == 0x802345);
    CHECK(big_endian_32(at) == 0x80234567);
    CHECK(big_endian_64(at) == 0x8023456789abcdef);
    CHECK(little_endian_16(at) == 0x2380);
    CHECK(little_endian_32(at) == 0x67452380);
}

TEST_CASE("bytes: text and bytes are views of the same memory") {
    const std::string_view text = "caf\xc3\xa9";
    const Bytes bytes = as_bytes(text);
    CHECK(bytes.size() == 5);
    CHECK(bytes[4] == 0xa9);
    CHECK(as_text(bytes).data() == text.data());
}
