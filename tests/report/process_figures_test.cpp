#include "report/process_figures.h"

#include <doctest/doctest.h>

using namespace umbratap::report;

TEST_CASE("process figures: this process has memory, takes time, and began a while ago") {
    const ProcessFigures figures;
    const ProcessUse use = figures.read();
    CHECK(use.resident_bytes > 1'000'000);
    CHECK(use.cpu_seconds > 0);
    CHECK(use.start_time_seconds > 1.7e9);
    CHECK(figures.read().start_time_seconds == use.start_time_seconds);
}
