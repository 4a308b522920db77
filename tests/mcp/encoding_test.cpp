// Telling encodings, converting, mending.
#include "mcp/encoding.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace umbratap;
using mcp::Encoding;

namespace {

Encoding encoding(std::string_view text) {
    return mcp::encoding_of(as_bytes(text)).encoding;
}

std::string mended(std::string_view text) {
    std::string out;
    mcp::append_mended(out, text);
    return out;
}

std::string converted(Encoding from, std::string_view text) {
    std::string out;
    mcp::append_as_utf_8(from, as_bytes(text), out);
    return out;
}

using namespace std::string_view_literals;

}  // namespace

TEST_CASE("encoding: a mark tells it, else the zeros among the first four bytes") {
    CHECK(encoding("{}") == Encoding::utf_8);
    CHECK(encoding("") == Encoding::utf_8);
    CHECK(encoding("\xEF\xBB\xBF{}") == Encoding::utf_8);
    CHECK(mcp::encoding_of(as_bytes("\xEF\xBB\xBF{}"sv)).mark_size == 3);
    CHECK(encoding("\xFF\xFE{\0"sv) == Encoding::utf_16_le);
    CHECK(encoding("\xFE\xFF\0{"sv) == Encoding::utf_16_be);
    CHECK(encoding("\xFF\xFE\0\0{\0\0\0"sv) == Encoding::utf_32_le);
    CHECK(encoding("\0\0\xFE\xFF\0\0\0{"sv) == Encoding::utf_32_be);
    CHECK(encoding("{\0\"\0"sv) == Encoding::utf_16_le);
    CHECK(encoding("\0{\0\""sv) == Encoding::utf_16_be);
    CHECK(encoding("{\0\0\0"sv) == Encoding::utf_32_le);
    CHECK(encoding("\0\0\0{"sv) == Encoding::utf_32_be);
    CHECK(encoding("\0\0\0\0"sv) == Encoding::utf_8);
}

TEST_CASE("encoding: wide JSON is told from films and executables by its first character") {
    CHECK(mcp::is_wide_json(as_bytes("\0 \0{"sv)));
    CHECK(mcp::is_wide_json(as_bytes("[\0\0\0"sv)));
    CHECK_FALSE(
        mcp::is_wide_json(as_bytes("\0\0\0\x18"
                                   "ftyp"sv)));
    CHECK_FALSE(mcp::is_wide_json(as_bytes("\xFF\xFE<\0h\0"sv)));
    CHECK_FALSE(mcp::is_wide_json(as_bytes("{\"a\":1}"sv)));
    std::string blank;
    for (int i = 0; i < 1000; ++i) blank += " \0"sv;
    CHECK(mcp::is_wide_json(as_bytes(blank + std::string("{\0", 2))));
}

TEST_CASE("encoding: surrogates come in pairs or become U+FFFD") {
    CHECK(converted(Encoding::utf_16_be, "\xD8\x3D\xDE\x00"sv) == "\xF0\x9F\x98\x80");
    CHECK(converted(Encoding::utf_16_be, "\xD8\x3D\0a"sv) ==
          "\xEF\xBF\xBD"
          "a");
    CHECK(converted(Encoding::utf_16_le, "\x00\xDE\x3D\xD8"sv) == "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(converted(Encoding::utf_32_be, "\0\0\xD8\0\0\x11\0\0\0\0\0a"sv) ==
          "\xEF\xBF\xBD\xEF\xBF\xBD"
          "a");
    CHECK(converted(Encoding::utf_16_le, "a\0b"sv) == "a");
}

TEST_CASE("encoding: mending replaces maximal parts, as Unicode recommends") {
    // Unicode 15, table 3-8 and its neighbours.
    CHECK(mended("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82"
                 "A") ==
          "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF"
          "\xBF\xBD"
          "A");
    CHECK(mended("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF"
                 "A") ==
          "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
          "A");
    CHECK(mended("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(mended("\xF4\x8F\xBF\xBF\xF4\x90") == "\xF4\x8F\xBF\xBF\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(mended("gr\xC3\xBC\xC3\x9F"
                 "e \xF0\x9F\x98\x80") ==
          "gr\xC3\xBC\xC3\x9F"
          "e \xF0\x9F\x98\x80");
}

TEST_CASE("encoding: what is mended needs no mending, and ASCII is never lost") {
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        std::string text, ascii, kept;
        for (int i = 0; i < 20; ++i)
            text.push_back(
                static_cast<char>(random() % 3 ? 0x80 + random() % 128 : random() % 128));
        const std::string once = mended(text);
        CHECK(mended(once) == once);
        for (const char c : text) {
            if (static_cast<std::uint8_t>(c) < 0x80) ascii.push_back(c);
        }
        for (const char c : once) {
            if (static_cast<std::uint8_t>(c) < 0x80) kept.push_back(c);
        }
        CHECK(ascii == kept);
    }
}

TEST_CASE("encoding: a text is cut between characters") {
    std::string text = "a\xC3\xA9\xF0\x9F\x98\x80";
    mcp::cut_to(text, 6);
    CHECK(text == "a\xC3\xA9");
    mcp::cut_to(text, 2);
    CHECK(text == "a");
}
