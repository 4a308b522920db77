#include "report/text.h"

#include <doctest/doctest.h>

using namespace umbratap::report;

TEST_CASE("text: a character is decoded as RFC 3629 says") {
    CHECK(first_character("a").code == 'a');
    CHECK(first_character("é").code == 0xe9);
    CHECK(first_character("€").length == 3);
    CHECK(first_character("😀").code == 0x1f600);
}

TEST_CASE("text: each maximal ill-formed part is one U+FFFD") {
    CHECK_FALSE(first_character("\xff").valid);
    CHECK_FALSE(first_character("\xc0\xaf").valid);      // overlong
    CHECK_FALSE(first_character("\xed\xa0\x80").valid);  // a surrogate
    CHECK(first_character("\xed\xa0\x80").length == 1);
    CHECK_FALSE(first_character("\xf4\x90\x80\x80").valid);  // beyond U+10FFFF
    CHECK(first_character("\xe2\x82").length == 2);          // cut
    CHECK(first_character("\xf0\x9f\x98x").length == 3);
}

TEST_CASE("text: what a reader does not see, or sees elsewhere, is deceptive") {
    for (const char32_t code : {0x00, 0x1b, 0x7f, 0x80, 0x9b, 0x61c, 0x200b, 0x200e, 0x2028, 0x202e,
                                0x2060, 0x2066, 0x2069, 0xfeff, 0xe0041, 0xe007f, 0xe0100}) {
        CAPTURE(static_cast<unsigned>(code));
        CHECK(is_deceptive(code));
    }
    for (const char32_t code : {U' ', U'~', U'ä', U'‐', U'‧', U'日', U'😀'}) {
        CAPTURE(static_cast<unsigned>(code));
        CHECK_FALSE(is_deceptive(code));
    }
}

TEST_CASE("text: a cut never goes through a character") {
    CHECK(cut_text("abc", 3) == "abc");
    CHECK(cut_text("abc", 2) == "ab");
    CHECK(cut_text("a€", 3) == "a");
    CHECK(cut_text("€€", 5) == "€");
    CHECK(cut_text("😀", 3) == "");
    CHECK(cut_text(std::string(10, '\x80'), 6).size() <= 6);
}

TEST_CASE("text: wide characters take two columns, combining ones none") {
    CHECK(columns_of("abc") == 3);
    CHECK(columns_of("日本") == 4);
    CHECK(columns_of("e\u0301") == 1);
    CHECK(columns_of("😀") == 2);
}

TEST_CASE("text: nothing that a terminal would obey gets through") {
    CHECK(terminal_text("\033[2Jx", 80) == "\\u{1b}[2Jx");
    CHECK(terminal_text("a\u202Eb", 80) == "a\\u{202e}b");
    CHECK(terminal_text("a\nb", 80) == "a\\u{a}b");
    CHECK(terminal_text("\xc2\x9b"
                        "1m",
                        80) == "\\u{9b}1m");
    CHECK(terminal_text("x\xff", 80) == "x\uFFFD");
    CHECK(terminal_text("\U000E0041", 80) == "\\u{e0041}");
}

TEST_CASE("text: what is too wide ends in an ellipsis and fits") {
    CHECK(terminal_text("abcdef", 6) == "abcdef");
    CHECK(terminal_text("abcdefg", 6) == "abcde…");
    CHECK(terminal_text("日本語", 5) == "日本…");
    CHECK(terminal_text("日本語", 4) == "日…");
    CHECK(terminal_text("abc", 0) == "");
    for (int columns = 1; columns < 20; ++columns) {
        CHECK(columns_of(terminal_text("日a\033b語c\u0301defghijklm", columns)) <= columns);
    }
}
