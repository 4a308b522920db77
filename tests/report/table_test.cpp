#include "report/table.h"

#include <doctest/doctest.h>

#include <sstream>

#include "report/text.h"

using namespace umbratap::report;

TEST_CASE("table: columns line up, numbers on the right") {
    Table table({{"NAME", 6}, {"N", 0, Align::right}});
    table.add({{"a"}, {"1"}});
    table.add({{"longer"}, {"22"}});
    CHECK(table.render(40, false) ==
          "  NAME     N\n"
          "  a        1\n"
          "  longer  22\n");
}

TEST_CASE("table: the widest column that may gives way") {
    Table table({{"NAME", 6}, {"FIXED"}});
    table.add({{"abcdefghijklmnop"}, {"0123456789"}});
    CHECK(table.render(24, false) ==
          "  NAME        FIXED\n"
          "  abcdefghi…  0123456789\n");
}

TEST_CASE("table: what differs at both ends is cut in the middle") {
    Table table({{"PLACE", 6, Align::left, Cut::middle}});
    table.add({{"mcp.very-long-name.example:8443/mcp"}});
    CHECK(table.render(24, false) ==
          "  PLACE\n"
          "  mcp.very-l…le:8443/mcp\n");
    for (int columns = 10; columns < 60; ++columns)
        CHECK(columns_of(table.render(columns, false).substr(8)) <= columns + 1);
}

TEST_CASE("table: wide characters and escapes do not break the columns") {
    Table table({{"NAME", 6}, {"X"}});
    table.add({{"日本"}, {"x"}});
    table.add({{"\033[31m"}, {"x"}});
    CHECK(table.render(40, false) ==
          "  NAME        X\n"
          "  日本        x\n"
          "  \\u{1b}[31m  x\n");
}

TEST_CASE("table: colour is wrapped around the text alone, and only if asked for") {
    Table table({{"X"}, {"Y"}});
    table.add({{"a", Ink::red}, {"b"}});
    CHECK(table.render(40, true) == "  X  Y\n  \033[1;31ma\033[0m  b\n");
    CHECK(table.render(40, false) == "  X  Y\n  a  b\n");
}
