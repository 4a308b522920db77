#include "detect/content_checks.h"

#include <doctest/doctest.h>

#include <string>

namespace umbratap::detect {
namespace {

TEST_CASE("a card number has a Luhn digit, between blanks and hyphens, too") {
    CHECK(has_luhn_digit("4539578763621486"));
    CHECK(has_luhn_digit("4539 5787 6362 1486"));
    CHECK(has_luhn_digit("3714-496353-98431"));
    CHECK(!has_luhn_digit("4539578763621487"));
    CHECK(!has_luhn_digit("0000000000000000"));
    CHECK(!has_luhn_digit("42"));
    CHECK(!has_luhn_digit("4539578763621486x"));
}

TEST_CASE("an IBAN has the length of its country and the right check digits") {
    CHECK(is_iban("DE89370400440532013000"));
    CHECK(is_iban("GB82 WEST 1234 5698 7654 32"));
    CHECK(is_iban("NO9386011117947"));
    CHECK(is_iban("MT84MALT011000012345MTLCAST001S"));
    CHECK(!is_iban("DE89370400440532013001"));
    CHECK(!is_iban("DE8937040044053201300"));
    CHECK(!is_iban("XX89370400440532013000"));
    CHECK(!is_iban("de89370400440532013000"));
    CHECK(!is_iban(""));
}

TEST_CASE("a social security number is one that could be given out") {
    CHECK(is_social_security_number("536-22-8714"));
    CHECK(!is_social_security_number("000-22-8714"));
    CHECK(!is_social_security_number("666-22-8714"));
    CHECK(!is_social_security_number("901-22-8714"));
    CHECK(!is_social_security_number("536-00-8714"));
    CHECK(!is_social_security_number("536-22-0000"));
    CHECK(!is_social_security_number("536-22-871"));
    CHECK(!is_social_security_number("536-22-87144"));
}

TEST_CASE("a token with a checksum holds the CRC-32 of its first thirty characters") {
    // CRC-32 of thirty `a` is 0x6bc1d3c1, in base 62 "1yLcDB".
    const std::string random(30, 'a');
    CHECK(has_github_checksum("ghp_" + random + "1yLcDB"));
    CHECK(!has_github_checksum("ghp_" + random + "1yLcD0"));
    CHECK(!has_github_checksum("ghp_" + random));
    CHECK(!has_github_checksum("ghp"));
}

TEST_CASE("a web token begins with a header that names its algorithm") {
    CHECK(is_web_token("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.x"));
    CHECK(!is_web_token("eyJmb28iOiJiYXIifQ.e30.x"));
    CHECK(!is_web_token("not base64!"));
    CHECK(!is_web_token(""));
}

TEST_CASE("entropy tells random keys from placeholders") {
    CHECK(entropy_of("") == 0);
    CHECK(entropy_of("xxxxxxxx") == 0);
    CHECK(entropy_of("abababab") == doctest::Approx(1));
    CHECK(entropy_of("0123456789abcdef") == doctest::Approx(4));
}

}  // namespace
}  // namespace umbratap::detect
