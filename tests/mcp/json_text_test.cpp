// Strings, numbers, and what counts as one sound value.
#include "mcp/json_text.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace umbratap;

namespace {

std::string decoded(std::string_view content, std::size_t bytes_max = std::string::npos) {
    std::string out = "kept:";
    mcp::append_decoded(out, content, false, bytes_max);
    REQUIRE(out.starts_with("kept:"));
    return out.substr(5);
}

bool is_sound(std::string_view text) {
    mcp::JsonIndex index;
    if (index.read(as_bytes(text))) return false;
    mcp::Grammar grammar;
    return grammar.holds(index, 0, index.count());
}

}  // namespace

TEST_CASE("json text: every escape means what RFC 8259 says") {
    CHECK(decoded(R"(\"\\\/\b\f\n\r\t)") == "\"\\/\b\f\n\r\t");
    CHECK(decoded(R"(\u0041\u00E9\u20ac\uD83D\uDE00)") == "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    CHECK(decoded(R"(\u0000)") == std::string_view("\0", 1));
}

TEST_CASE("json text: with and without a limit the same is decoded") {
    std::mt19937 random(5);
    const std::string_view pieces[] = {
        "\\n",     "\\\"",     "\\u00e9", "\\ud83d\\ude00",
        "\\ud83d", "\\x",      "\\u12",   "plain text of some length",
        "a",       "\xc3\xa9", "\\\\"};
    for (int round = 0; round < 2000; ++round) {
        std::string content;
        for (std::size_t i = random() % 12; i > 0; --i)
            content += pieces[random() % std::size(pieces)];
        if (random() % 8 == 0) content += '\\';
        CHECK(decoded(content) == decoded(content, 100'000));
    }
    std::string broken;
    for (int i = 0; i < 10'000; ++i) broken += "\\x";
    CHECK(decoded(broken) == decoded(broken, 100'000));
}

TEST_CASE("json text: broken escapes and lone surrogates become U+FFFD and swallow nothing") {
    const std::string mark = "\xEF\xBF\xBD";
    CHECK(decoded(R"(\x41)") == mark + "x41");
    CHECK(decoded(R"(\u00G1)") == mark + "00G1");
    CHECK(decoded(R"(\uD83Dabc)") == mark + "abc");
    CHECK(decoded(R"(\uD83D\n)") == mark + "\n");
    CHECK(decoded(R"(\uD83D\u0041)") == mark + "A");
    CHECK(decoded(R"(\uDE00)") == mark);
    CHECK(decoded("\\") == mark);
    CHECK(decoded("\\u12") == mark + "12");
}

TEST_CASE("json text: decoding stops at the bound, between characters") {
    CHECK(decoded("abcdef", 3) == "abc");
    CHECK(decoded("ab\\u00e9", 3) == "ab");
    CHECK(decoded("ab\\u00e9x", 4) == "ab\xC3\xA9");
    CHECK(decoded(std::string(100'000, 'x'), 7) == "xxxxxxx");
    CHECK(decoded("abc", 3) == "abc");
    CHECK(decoded("abc", 0).empty());
}

TEST_CASE("json text: an escape is needless if it stands for printable ASCII") {
    CHECK(mcp::has_needless_escape(R"(tools\u002fcall)"));
    CHECK(mcp::has_needless_escape(R"(\\\u0041)"));
    CHECK_FALSE(mcp::has_needless_escape(R"(tools\/call)"));
    CHECK_FALSE(mcp::has_needless_escape(R"(\\u0041)"));
    CHECK_FALSE(mcp::has_needless_escape(R"(\u00e9\u000a\u007f)"));
}

TEST_CASE("json text: what is written as a string reads as it was") {
    for (const char* text : {"", "a", "\"\\/", "\n\x01\x1F\x7F", "\xC3\xA9"}) {
        std::string written;
        mcp::append_json_string(written, text);
        CHECK(is_sound(written));
        CHECK(decoded(std::string_view(written).substr(1, written.size() - 2)) == text);
    }
}

TEST_CASE("json text: numbers of RFC 8259 and no others") {
    for (const char* text :
         {"0", "-0", "7", "10", "1.5", "-1.25e+10", "1E400", "123456789012345678901234567890"}) {
        CHECK(mcp::is_number(text));
    }
    for (const char* text :
         {"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "NaN", "1 ", "1a"}) {
        CHECK_FALSE(mcp::is_number(text));
    }
}

TEST_CASE("json text: the grammar takes sound values") {
    for (const char* text :
         {"{}", "[]", "1", "\"a\"", "null", R"({"a":[1,{"b":null}],"c":"\u00e9\n"})", "[[],[{}]]",
          " [ 1 , 2 ] "}) {
        CHECK_MESSAGE(is_sound(text), text);
    }
    CHECK(is_sound(std::string(100'000, '[') + std::string(100'000, ']')));
}

TEST_CASE("json text: the grammar refuses everything else") {
    for (const char* text :
         {"",        "{",         "}",           "[1 2]",  "[1,]",       "{,}",
          "{\"a\"}", "{\"a\":}",  "{\"a\":1,}",  "{1:2}",  "{a:1}",      "[}",
          "{]",      "1 2",       "{}{}",        "[1,,2]", "{\"a\"::1}", "[tru]",
          "[01]",    "[\"\\x\"]", "[\"\\u12\"]", "[:]",    "[\"a\"b]",   "[1\"a\"]"}) {
        CHECK_MESSAGE(!is_sound(text), text);
    }
    CHECK_FALSE(is_sound(std::string(1000, '[') + std::string(999, ']') + "}"));
}

TEST_CASE("json text: raw JSON is copied as it is unless it needs mending") {
    std::string out;
    mcp::append_raw(out, R"({"a" : "\u0041"})", false);
    CHECK(out == R"({"a" : "\u0041"})");
    out.clear();
    mcp::append_raw(out, "{\n\"a\\\"\n\":\"\\\\\",\"b\":\"\t\xFF\"}", true);
    CHECK(out == "{ \"a\\\"\\u000a\":\"\\\\\",\"b\":\"\\u0009\xEF\xBF\xBD\"}");
}
