#include "report/json.h"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <algorithm>
#include <random>

#include "report/text.h"

using namespace umbratap::report;

namespace {

std::string as_json(std::string_view text) {
    std::string out;
    write_json_string(text, out);
    return out;
}

std::string copied(std::string_view json) {
    std::string out = "kept";
    const bool sound = write_json_value(json, out);
    REQUIRE(out.starts_with("kept"));
    return sound ? out.substr(4) : out == "kept" ? "refused" : "refused, but wrote";
}

std::string mended(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const Character character = first_character(text);
        out += character.valid ? text.substr(0, character.length) : "\uFFFD";
        text.remove_prefix(character.length);
    }
    return out;
}

}  // namespace

TEST_CASE("json: quotes, backslashes and white space are escaped") {
    CHECK(as_json("a\"b\\c\n\r\t/") == R"("a\"b\\c\n\r\t/")");
}

TEST_CASE("json: what could deceive is escaped, in pairs beyond the first plane") {
    CHECK(as_json(std::string_view("\0\x1b\x7f", 3)) == R"("\u0000\u001b\u007f")");
    CHECK(as_json("\xc2\x9b\u2028\u202E\u200B\uFEFF\u061C") ==
          R"("\u009b\u2028\u202e\u200b\ufeff\u061c")");
    CHECK(as_json("\U000E0041") == R"("\udb40\udc41")");
    CHECK(as_json("héllo 日本 😀") == "\"héllo 日本 😀\"");
}

TEST_CASE("json: invalid UTF-8 becomes U+FFFD, once for each part") {
    CHECK(as_json("a\xff\xfe"
                  "b") == "\"a\uFFFD\uFFFDb\"");
    CHECK(as_json("\xe2\x82") == "\"\uFFFD\"");
    CHECK(as_json("\xc0\xaf") == "\"\uFFFD\uFFFD\"");
}

TEST_CASE("json: any bytes come back as they were, mended") {
    std::mt19937 random(1);
    const std::string_view spices[] = {"\"", "\\",   "\n",       "\u202E", "\U000E0041",
                                       "é",  "\xc2", "\xf0\x9f", "\x7f",   "plain "};
    simdjson::dom::parser parser;
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        for (std::size_t i = random() % 60; i > 0; --i) {
            if (random() % 2 == 0) {
                text += static_cast<char>(random());
            } else {
                text += spices[random() % std::size(spices)];
            }
        }
        const std::string json = as_json(text);
        CHECK(std::none_of(json.begin(), json.end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        }));
        std::string_view read;
        REQUIRE(parser.parse(json).get(read) == simdjson::SUCCESS);
        CHECK(read == mended(text));
    }
}

TEST_CASE("json: a value is copied on one line, its strings made harmless") {
    CHECK(copied(" { \"a\" : [ 1 , -2.5e3 , true,false , null ] ,\n\"b\":{}, \"c\":[] } ") ==
          R"({"a":[1,-2.5e3,true,false,null],"b":{},"c":[]})");
    CHECK(copied("\"\u202E\x7f\xff\"") == "\"\\u202e\\u007f\uFFFD\"");
    CHECK(copied(R"("\u00e9\ud83d\ude00\/\b")") == R"("\u00e9\ud83d\ude00\/\b")");
}

TEST_CASE("json: half a surrogate pair is no character") {
    CHECK(copied(R"("\ud83d")") == R"("\ufffd")");
    CHECK(copied(R"("\ude00x")") == R"("\ufffdx")");
    CHECK(copied(R"("\ud83d\ud83d\ude00")") == R"("\ufffd\ud83d\ude00")");
}

TEST_CASE("json: a number that readers would refuse is told as a string") {
    CHECK(copied("[9223372036854775807, 9223372036854775808, 1e999, 0.5]") ==
          R"([9223372036854775807,"9223372036854775808","1e999",0.5])");
}

TEST_CASE("json: what is no JSON is refused, and nothing is written") {
    for (const char* text : {"",
                             " ",
                             "{",
                             "[1,]",
                             "{\"a\"}",
                             "{\"a\":1,}",
                             "{a:1}",
                             "01",
                             "-",
                             "1.",
                             ".5",
                             "1e",
                             "+1",
                             "tru",
                             "nul",
                             "\"a",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\\u12g4\"",
                             "\"\n\"",
                             "[1] x",
                             "{\"a\":1 \"b\":2}",
                             "'a'",
                             "]"}) {
        CAPTURE(text);
        CHECK(copied(text) == "refused");
    }
}

TEST_CASE("json: a value nested too deep is refused") {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    CHECK(copied(nested(64)) == nested(64));
    CHECK(copied(nested(100'000)) == "refused");
}

TEST_CASE("json writer: what is empty stays out") {
    std::string out;
    JsonWriter json(out);
    json.open("a");
    json.open("b");
    json.text("c", "");
    json.close();
    json.close();
    json.text("d", "x");
    json.open("e");
    json.texts("f", {});
    json.close();
    json.number("g", 18'446'744'073'709'551'615U);
    json.integer("h", -5);
    json.truth("i", false);
    json.counts("j", {});
    json.close();
    CHECK(out == R"({"d":"x","g":18446744073709551615,"h":-5,"i":false,"j":{}})");
}

TEST_CASE("json writer: an object that is taken back leaves no comma") {
    std::string out = "before ";
    JsonWriter json(out);
    json.open("empty");
    json.close();
    json.close_even_if_empty();
    CHECK(out == "before {}");
}

TEST_CASE("json writer: keys that came off the wire are escaped") {
    std::string out;
    JsonWriter json(out);
    json.counts("methods", {{"a\"b", 1}, {"\n", 2}});
    json.texts_of("k\"", {"v", "w\""});
    json.close();
    CHECK(out == R"({"methods":{"\n":2,"a\"b":1},"k\"":["v","w\""]})");
}

TEST_CASE("json writer: long texts are cut at a character") {
    std::string out;
    JsonWriter json(out);
    json.text("t", std::string(text_bytes_max - 1, 'a') + "€€");
    json.close();
    CHECK(out == "{\"t\":\"" + std::string(text_bytes_max - 1, 'a') + "…\"}");
}

TEST_CASE("json writer: milliseconds have three decimals") {
    std::string out;
    JsonWriter json(out);
    json.milliseconds("a", 0);
    json.milliseconds("b", 1.5);
    json.milliseconds("c", 12.00349);
    json.milliseconds("d", -1);
    json.milliseconds("e", 0.0 / 0.0);
    json.close();
    CHECK(out == R"({"a":0.000,"b":1.500,"c":12.003})");
}

TEST_CASE("json writer: a payload that is no JSON is a string") {
    std::string out;
    JsonWriter json(out);
    json.json("a", "{\"x\": 1}");
    json.json("b", "{\"x\": 1");
    json.json("c", "");
    json.close();
    CHECK(out == R"({"a":{"x":1},"b":"{\"x\": 1"})");
}

TEST_CASE("json: what is redacted keeps its shape, and no text or number") {
    CHECK(redacted_json(
              R"({"key":"secret","card":4111111111111111,"on":true,"list":["a",null,{}]})") ==
          R"({"key":"***","card":"***","on":true,"list":["***",null,{}]})");
    CHECK(redacted_json(R"("a\u0041")") == R"("***")");
    CHECK(redacted_json("{broken") == R"("***")");
    CHECK(redacted_json("").empty());
}
