#include "capture/key_log_lines.h"

#include <doctest/doctest.h>

#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::capture;

namespace {

std::string lines_of(const std::vector<Bytes>& pieces) {
    KeyLogLines lines;
    std::string out;
    for (const Bytes piece : pieces) lines.push(piece, out);
    return out + "|" + lines.unfinished() + "|" + std::to_string(lines.lines()) + "|" +
           std::to_string(lines.too_long());
}

}  // namespace

TEST_CASE("lines come out whole, however they are cut") {
    const std::string longest(KeyLogLines::line_bytes_max, 'x');
    const std::string content = "first\n\nsecond\r\n" + longest + "\n" + longest + "y\nthird\n" +
                                std::string("\0\xff junk \x01\n", 10) + "unfinished";
    CHECK(lines_of({as_bytes(content)}) == "first\n\nsecond\r\n" + longest + "\nthird\n" +
                                               std::string("\0\xff junk \x01\n", 10) +
                                               "|unfinished|6|1");
    CHECK(test::differs_when_cut(as_bytes(content), lines_of) == "");
}

TEST_CASE("a line without end is not kept") {
    KeyLogLines lines;
    std::string out;
    const std::string junk(100'000, 'x');
    for (int i = 0; i < 100; ++i) lines.push(as_bytes(junk), out);
    CHECK(lines.unfinished().empty());
    CHECK(lines.too_long() == 1);
    lines.push(as_bytes("\nnext\n"), out);
    CHECK(out == "next\n");
}

TEST_CASE("what was begun is forgotten when the file begins anew") {
    KeyLogLines lines;
    std::string out;
    lines.push(as_bytes("half a li"), out);
    lines.forget();
    lines.push(as_bytes("whole\n"), out);
    CHECK(out == "whole\n");
}
