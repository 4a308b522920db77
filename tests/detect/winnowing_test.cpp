#include "detect/winnowing.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "mcp/readable.h"

using namespace umbratap;
using namespace umbratap::detect;

namespace {

constexpr Seal::Key key{1, 2, 3};

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out + '"';
}

Fingerprints read(const std::string& json, const Seal::Key& with = key) {
    mcp::JsonReader reader;
    mcp::ReadableStrings strings;
    REQUIRE(reader.read(as_bytes(json), strings));
    Winnowing winnowing(with);
    Fingerprints out;
    winnowing.read(strings, out);
    return out;
}

Fingerprints of(std::string_view text, const Seal::Key& with = key) {
    return read("{\"text\":" + quoted(text) + "}", with);
}

std::set<std::uint64_t> values(const Fingerprints& some) {
    std::set<std::uint64_t> out;
    for (const Fingerprint& one : some.all) out.insert(one.value);
    return out;
}

std::size_t in_common(const Fingerprints& a, const Fingerprints& b) {
    const std::set<std::uint64_t> left = values(a), right = values(b);
    return static_cast<std::size_t>(std::count_if(
        left.begin(), left.end(), [&](std::uint64_t value) { return right.contains(value); }));
}

std::string random_words(std::mt19937& random, std::size_t size) {
    std::string text;
    while (text.size() < size) {
        for (std::size_t length = 2 + random() % 8; length > 0; --length)
            text += static_cast<char>('a' + random() % 26);
        text += ' ';
    }
    return text;
}

}  // namespace

TEST_CASE(
    "winnowing: what two texts share, four words and 16 characters more, leaves a fingerprint in "
    "both") {
    std::mt19937 random(7);
    for (int round = 0; round < 500; ++round) {
        std::string shared = ".";
        for (std::size_t word = 0; word < Winnowing::window; ++word) {
            for (std::size_t length = 2 + random() % 8; length > 0; --length)
                shared += static_cast<char>('a' + random() % 26);
            shared += ' ';
        }
        for (std::size_t i = 0; i < Winnowing::gram; ++i)
            shared += static_cast<char>('a' + random() % 26);
        const std::string one =
            random_words(random, random() % 300) + shared + random_words(random, random() % 300);
        const std::string other =
            random_words(random, random() % 300) + shared + random_words(random, random() % 300);
        CHECK(in_common(of(one), of(other)) >= 1);
    }
}

TEST_CASE(
    "winnowing: rows of letters without blanks, and scripts without, have fingerprints, wherever "
    "they begin") {
    std::mt19937 random(12);
    std::string row;
    for (int i = 0; i < 400; ++i)
        row += static_cast<char>("abcdefghijklmnopqrstuvwxyz0123456789"[random() % 36]);
    CHECK(in_common(of(row), of(row.substr(57))) >= 3);
    const std::string text =
        "今日の天気は晴れですが、夕方から雨が降るでしょう。傘を持って出かけてください。明日は風が強"
        "くなります。";
    CHECK(in_common(of(text), of(text.substr(12))) >= 3);
}

TEST_CASE("winnowing: texts of other words have nothing in common") {
    std::mt19937 random(8);
    for (int round = 0; round < 200; ++round)
        CHECK(in_common(of(random_words(random, 2000)), of(random_words(random, 2000))) == 0);
}

TEST_CASE("winnowing: case, white space and punctuation do not matter") {
    const std::string text =
        "Customer 4711 reports that the invoice of March went to her old address.";
    const Fingerprints plain = of(text), other =
                                             of("> CUSTOMER 4711 -- reports\n> that \"the\" "
                                                "invoice, of March\n> went to her old (address)");
    CHECK(values(plain) == values(other));
    CHECK(!plain.empty());
}

TEST_CASE(
    "winnowing: which places are kept does not depend on the key, but what is kept of them does") {
    std::mt19937 random(9);
    const std::string text = random_words(random, 3000);
    const Fingerprints one = of(text), other = of(text, Seal::new_key());
    REQUIRE(one.all.size() == other.all.size());
    for (std::size_t i = 0; i < one.all.size(); ++i)
        CHECK(one.all[i].position == other.all[i].position);
    CHECK(in_common(one, other) == 0);
}

TEST_CASE("winnowing: about two of five words, and never too far apart") {
    std::mt19937 random(10);
    const Fingerprints some = of(random_words(random, 20'000));  // of words of 5.5 characters
    CHECK(some.all.size() > 1'000);
    CHECK(some.all.size() < 1'500);
    for (std::size_t i = 1; i < some.all.size(); ++i)
        CHECK(some.all[i].position - some.all[i - 1].position <= Winnowing::distance_max);
}

TEST_CASE("winnowing: rows of few characters and short strings say nothing") {
    CHECK(of(std::string(500, '0')).empty());
    CHECK(of("abababababababababababababababababababababababababab").empty());
    CHECK(of("printer, 3rd floor").empty());
    CHECK(of("").empty());
    CHECK(of("................................................").empty());
}

TEST_CASE(
    "winnowing: each fingerprint knows its string, and no gram reaches from one string into the "
    "next") {
    const Fingerprints both = read(
        R"({"a":"the quick brown fox jumps over it","b":{"c":["x","lazy dogs sleep under the old bridge"]}})");
    REQUIRE(both.places.size() == 2);
    CHECK(both.places[0].name == "a");
    CHECK(both.places[1].name == "b.c[1]");
    CHECK(both.place(0) == "a");
    CHECK(both.place(both.all.size() - 1) == "b.c[1]");
    const std::size_t second = both.places[1].first;
    CHECK(both.all[second].position - both.all[second - 1].position > Winnowing::distance_max);
}

TEST_CASE("winnowing: of a long message the first part is kept, and it is said") {
    std::mt19937 random(11);
    const Fingerprints long_one = of(random_words(random, 400'000));
    CHECK(long_one.cut);
    CHECK(long_one.all.size() == Winnowing::fingerprints_max);
    CHECK(!of(random_words(random, 20'000)).cut);
}

TEST_CASE("winnowing: where a text lies makes no difference, whatever it is made of") {
    std::mt19937 random(11);
    const std::string_view pieces[] = {" ",   ", ", "\t\n",     "-",
                                       "_x_", "A",  "Zebra",    "0042",
                                       "{}",  "'",  "\xc3\xa9", "\xe6\x97\xa5\xe6\x9c\xac"};
    for (int round = 0; round < 40; ++round) {
        std::string text = random_words(random, 20);
        while (text.size() < 700) {
            const bool ascii = round % 2 == 0;
            text += pieces[random() % (std::size(pieces) - (ascii ? 2 : 0))];
            if (random() % 30 == 0) text += std::string(60 + random() % 90, 'q') + "rstuvwxyz";
            for (std::size_t length = random() % 12; length > 0; --length)
                text += static_cast<char>((random() % 4 == 0 ? 'A' : 'a') + random() % 26);
        }
        const Fingerprints there = of(text);
        REQUIRE(there.all.size() > 2);
        for (std::size_t blanks = 1; blanks <= 65; ++blanks) {
            const Fingerprints here = of(std::string(blanks, ' ') + text);
            REQUIRE(here.all.size() == there.all.size());
            for (std::size_t i = 0; i < here.all.size(); ++i) {
                REQUIRE(here.all[i].value == there.all[i].value);
                REQUIRE(here.all[i].position == there.all[i].position);
            }
        }
    }
}
