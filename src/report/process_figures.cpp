// What this process takes of the machine.
#include "report/process_figures.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

namespace umbratap::report {

namespace {

double seconds_of(clockid_t clock) noexcept {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

ProcessFigures::ProcessFigures()
    : statm_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)),
      start_time_seconds_(seconds_of(CLOCK_REALTIME)) {}

ProcessFigures::~ProcessFigures() {
    if (statm_ >= 0) close(statm_);
}

ProcessUse ProcessFigures::read() const noexcept {
    ProcessUse use;
    use.start_time_seconds = start_time_seconds_;
    use.cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    char text[128] = {};
    unsigned long pages = 0;
    if (pread(statm_, text, sizeof text - 1, 0) > 0 && std::sscanf(text, "%*u %lu", &pages) == 1)
        use.resident_bytes = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    return use;
}

}  // namespace umbratap::report
