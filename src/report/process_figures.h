// What this process takes of the machine. All that must be opened is opened at the start, so that
// a process that may open nothing any more can still ask.
#pragma once

#include <cstdint>

namespace umbratap::report {

struct ProcessUse {
    double start_time_seconds = 0;  ///< since 1970
    double cpu_seconds = 0;         ///< of all threads, user and system
    std::uint64_t resident_bytes = 0;
};

class ProcessFigures {
public:
    ProcessFigures();
    ~ProcessFigures();
    ProcessFigures(const ProcessFigures&) = delete;
    ProcessFigures& operator=(const ProcessFigures&) = delete;

    ProcessUse read() const noexcept;

private:
    int statm_ = -1;  ///< /proc/self/statm (proc(5))
    double start_time_seconds_ = 0;
};

}  // namespace umbratap::report
