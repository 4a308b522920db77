#include "detect/version.h"

#include <doctest/doctest.h>

namespace umbratap::detect {
namespace {

bool less(std::string_view a, std::string_view b) {
    return *Version::read(a) < *Version::read(b);
}

bool in(std::string_view version, std::string_view range) {
    return VersionRange::read(range)->holds(*Version::read(version));
}

TEST_CASE("versions are ordered by their numbers") {
    CHECK(less("1.9.0", "1.10.0"));
    CHECK(less("0.1.15", "0.1.16"));
    CHECK(less("2025.6.30", "2025.7.01"));
    CHECK(*Version::read("v1.3") == *Version::read("1.3.0"));
    CHECK(*Version::read("1.3.0+build.7") == *Version::read("1.3.0"));
}

TEST_CASE("a pre-release stands before its release, and pre-releases are ordered") {
    CHECK(less("2.0.0-beta.9", "2.0.0-beta.17"));
    CHECK(less("2.0.0-beta.17", "2.0.0"));
    CHECK(less("4.0.0a1", "4.0.0b1"));
    CHECK(less("4.0.0rc1", "4.0.0"));
    CHECK(less("0.8.2-rc1", "0.8.2-rc2"));
    CHECK(less("1.0.0-alpha", "1.0.0-alpha.1"));
    CHECK(less("1.0.0-1", "1.0.0-alpha"));
}

TEST_CASE("what is no version is none") {
    for (const char* text :
         {"", "latest", "1.0 beta", "1.0;drop", "99999999999999999999999.0", "x1"})
        CHECK(!Version::read(text));
    CHECK(!Version::read(std::string(100, '1')));
}

TEST_CASE("all bounds of a range must hold") {
    CHECK(in("0.1.15", ">=0.0.5 <=0.1.15"));
    CHECK(!in("0.1.16", ">=0.0.5 <=0.1.15"));
    CHECK(!in("0.0.4", ">=0.0.5 <=0.1.15"));
    CHECK(in("2.0.0-beta.3", ">=2.0.0-beta.1 <2.0.0-beta.17"));
    CHECK(in("1.0.16", "=1.0.16"));
    CHECK(in("7", "*"));
    CHECK(!in("1.24.0", "<1.24.0"));
    CHECK(!in("1.0", ">1.0.0"));
}

TEST_CASE("what is no range is none") {
    for (const char* text : {"", "1.0", "<", "=>1.0", "<1.0 or >2", "~1.2"})
        CHECK(!VersionRange::read(text));
}

}  // namespace
}  // namespace umbratap::detect
