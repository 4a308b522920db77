#include "detect/excerpt.h"

#include <doctest/doctest.h>

#include <string>

namespace umbratap::detect {
namespace {

TEST_CASE("an excerpt is one line around the match, cut at whole characters") {
    CHECK(excerpt_around("a\nb\x1b[2Kc", 3) == "a b [2Kc");
    const std::string text = std::string(100, 'a') + "match" + std::string(100, 'b');
    CHECK(excerpt_around(text, 105) ==
          "…" + std::string(67, 'a') + "match" + std::string(48, 'b') + "…");
    std::string umlauts;
    for (int i = 0; i < 200; ++i) umlauts += "\u00e4";
    const std::string cut = excerpt_around(umlauts, 201);
    CHECK(cut.find("\u00e4") != std::string::npos);
    CHECK(cut.size() < 2 * excerpt_bytes_max);
    for (std::size_t i = 3; i + 3 < cut.size(); i += 2) CHECK(cut.substr(i, 2) == "\u00e4");
}

TEST_CASE("an excerpt shows nothing that nobody sees") {
    CHECK(excerpt_around("ig\u200bnore \u202eall", 9) == "ignore all");
    CHECK(excerpt_around("", 0).empty());
}

TEST_CASE("a value is told by its ends, as far as its rule allows") {
    ContentRule rule;
    CHECK(redacted(rule, "secret-value") == "… (12 bytes)");
    rule.shows_first = 4;
    rule.shows_last = 4;
    CHECK(redacted(rule, "AKIAQXPW3RMTV6KZ2DNB") == "AKIA…2DNB (20 bytes)");
    CHECK(redacted(rule, "abcdef") == "ab…ef (6 bytes)");
    rule.value_bytes = 6;
    CHECK(redacted(rule, "key=abcdef") == "ab…ef (6 bytes)");
}

}  // namespace
}  // namespace umbratap::detect
