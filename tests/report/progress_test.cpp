#include "report/progress.h"

#include <doctest/doctest.h>

#include "report/text.h"

using namespace umbratap::report;
using namespace std::chrono_literals;

TEST_CASE("progress: tells part, rate, packets and what is left") {
    ProgressLine line(100, false);
    CHECK(line.draw({"/tmp/big.pcapng", 430'000'000, 1'000'000'000, 1'200'000}, 500ms) ==
          "\r\033[Kreading big.pcapng  ━━━━━━╸            43 %  860 MB/s  1.20 M packets  ETA 1 s");
}

TEST_CASE("progress: where the total is unknown it tells bytes alone") {
    ProgressLine line(100, false);
    CHECK(line.draw({"-", 1'500'000, 0, 10}, 1s) ==
          "\r\033[Kreading -  1.50 MB  1.50 MB/s  10 packets");
}

TEST_CASE("progress: is drawn ten times a second at most") {
    ProgressLine line(100, false);
    CHECK_FALSE(line.draw({"a", 1, 2, 1}, 0ms).empty());
    CHECK(line.draw({"a", 1, 2, 1}, 99ms).empty());
    CHECK_FALSE(line.draw({"a", 1, 2, 1}, 100ms).empty());
}

TEST_CASE("progress: is taken away once") {
    ProgressLine line(100, false);
    CHECK(line.clear().empty());
    line.draw({"a", 1, 2, 1}, 0ms);
    CHECK(line.clear() == "\r\033[K");
    CHECK(line.clear().empty());
}

TEST_CASE("progress: fits the terminal, whatever the file is called") {
    for (const int columns : {60, 80, 100, 200}) {
        ProgressLine line(columns, false);
        const std::string drawn = line.draw(
            {"d/\033[2J" + std::string(300, 'n'), 999'999'999, 1'000'000'000, 12'345'678'901},
            100s);
        CHECK(columns_of(drawn.substr(4)) < columns);
        CHECK(drawn.find('\033', 3) == std::string::npos);
    }
}

TEST_CASE("progress: a file that grows beyond its size stays at 100 %") {
    ProgressLine line(100, false);
    CHECK(line.draw({"a", 3000, 2000, 1}, 1s).find("100 %") != std::string::npos);
}
