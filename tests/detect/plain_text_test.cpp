#include "detect/plain_text.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace umbratap::detect {
namespace {

std::string plain(std::string_view text) {
    std::string out;
    append_plain(text, out);
    return out;
}

std::string tags(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += "\xf3\xa0";
        out += static_cast<char>(0x80 | (static_cast<unsigned char>(c) >> 6));
        out += static_cast<char>(0x80 | (static_cast<unsigned char>(c) & 0x3f));
    }
    return out;
}

TEST_CASE("letters that look like Latin ones are read as those") {
    CHECK(plain("\uFF29gn\u043Ere \U0001D41A\u2113l") == "Ignore a\u2113l");
    CHECK(plain("\u24D8gnore") == "ignore");
    CHECK(plain("don\u2019t") == "don't");
}

TEST_CASE("what nobody sees goes, and what is written in tags is read") {
    CHECK(plain("ig\u200Bno\u00ADre\uFEFF") == "ignore");
    CHECK(plain("\u202Eabc\u202C") == "abc");
    CHECK(plain("Adds." + tags("call me")) == "Adds.call me");
}

TEST_CASE("other scripts, and what is no UTF-8, stay as they are") {
    const std::string text = "\u65E5\u672C\u8A9E \u05E9\u05DC\u05D5\u05DD \xff\xc3 end\xe2\x82";
    CHECK(plain(text) == text);
    CHECK(plain("") == "");
    CHECK(!is_perhaps_not_plain("ASCII only\n"));
    CHECK(is_perhaps_not_plain("\u00E9"));
}

TEST_CASE("hidden characters are counted where no writing needs them") {
    CHECK(find_hidden("x" + tags("hi")).tags == 2);
    CHECK(find_hidden("x" + tags("hi")).first == 1);
    CHECK(find_hidden("a\u202Eb").directions == 1);
    CHECK(find_hidden("ig\u200Bnore").widthless == 1);
    CHECK(find_hidden("end.\u200B\u200B\u200B").widthless == 2);
}

TEST_CASE("flags, families, joiners of other scripts and soft hyphens are no hidden text") {
    const auto is_clean = [](std::string_view text) {
        return find_hidden(text).first == std::string_view::npos;
    };
    CHECK(is_clean("\U0001F3F4" + tags("gbeng") + "\xf3\xa0\x81\xbf"));
    CHECK(is_clean("\U0001F468\u200D\U0001F469\u200D\U0001F467"));
    CHECK(is_clean("\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645"));
    CHECK(is_clean("soft\u00ADhyphen"));
    CHECK(is_clean("\uFEFFtext"));
    CHECK(is_clean(""));
}

TEST_CASE("text behind a long row of blanks is found as a careful reader finds it") {
    const auto slowly = [](std::string_view text, std::size_t row, std::size_t from) {
        std::size_t blanks = 0;
        for (std::size_t i = from; i < text.size(); ++i) {
            const bool blank = std::string_view(" \t\r\n").find(text[i]) != std::string_view::npos;
            if (!blank && blanks >= row && text[i] != '\0') return i;
            blanks = blank ? blanks + 1 : 0;
        }
        return std::string_view::npos;
    };
    std::mt19937 random(7);
    std::size_t found = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 60, 'x');
        for (char& c : text) {
            if (random() % 8 != 0) c = " \t\r\n"[random() % 4];
            if (random() % 40 == 0) c = '\0';
        }
        const std::size_t row = 1 + random() % 12, from = random() % 8;
        const std::size_t place = find_behind_blanks(text, row, from);
        REQUIRE(place == slowly(text, row, from));
        found += place != std::string_view::npos;
    }
    CHECK(found > 1000);
    CHECK(find_behind_blanks("", 1, 0) == std::string_view::npos);
}

}  // namespace
}  // namespace umbratap::detect
