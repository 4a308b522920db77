#include "http/lines.h"

#include <doctest/doctest.h>

#include "http/conversation.h"

using namespace umbratap;
using namespace umbratap::test;

TEST_CASE("lines: a first line is plausible if it is an object with a string") {
    CHECK(http::plausible_line(as_bytes("{\"a\":1}")));
    CHECK(http::plausible_line(as_bytes("{\"a\":1} \t\r")));
    CHECK(!http::plausible_line(as_bytes("{\"a\":1")));
    CHECK(!http::plausible_line(as_bytes("{1}")));
    CHECK(!http::plausible_line(as_bytes("{}")));
    CHECK(!http::plausible_line(as_bytes("")));
}

TEST_CASE("lines: each line that begins with a brace or a bracket is a text") {
    const std::vector<Said> conversation = {
        client("{\"a\":1}\n  {\"b\":2}\n\n[3]\nlog: {\n{\"c\":")};
    CHECK(seen(conversation) ==
          "> 0 line {\"a\":1}\n> 0 line {\"b\":2}\n> 0 line [3]\n> 0 line {\"c\":\n");
    CHECK(unseen_of(conversation).shunted == 6);
}

TEST_CASE("lines: a hole damages the line it is in, and skips to the next") {
    const std::vector<Said> conversation = {client("{\"a\":1}\n{\"b\""), client_hole(3),
                                            client("}\n{\"c\":3}\n")};
    CHECK(seen(conversation) ==
          "> 0 line {\"a\":1}\n> 0 line {\"b\" (damaged)\n> 0 line {\"c\":3}\n");
    CHECK(unseen_of(conversation).gap == 1);
}

TEST_CASE("lines: a line beyond the limit comes in pieces") {
    http::Limits limits;
    limits.line_bytes_max = 8;
    const std::vector<Said> conversation = {client("{\"a\":1}\n{\"b\":234}\n{\"c\":3}\n")};
    CHECK(seen(conversation, limits) ==
          "> 0 line {\"a\":1}\n> 0 line {\"b\":234} (in pieces)\n> 0 line {\"c\":3}\n");
    CHECK(problem_of(conversation, limits) == "http.text_too_long");
}
