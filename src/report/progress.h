// The line that moves while files are read, on a terminal only.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace umbratap::report {

struct ReadingProgress {
    std::string file;
    std::uint64_t bytes = 0,
                  bytes_total = 0;  ///< of all inputs; total 0 where it is not known (pipes)
    std::uint64_t packets = 0;
};

class ProgressLine {
public:
    ProgressLine(int columns, bool colour) : columns_(columns), colour_(colour) {}

    /// What to write to the terminal: the line, drawn over the one before. Empty if that was less
    /// than a tenth of a second ago. `elapsed` is the time since the start of the run.
    std::string draw(const ReadingProgress& progress, Duration elapsed);
    /// What takes the line away again; empty if none was drawn. To be written before anything else
    /// is.
    std::string clear();

private:
    int columns_;
    bool colour_, drawn_ = false;
    Duration drawn_at_{};
};

/// The same on standard error, by the clock of this machine.
class Progress {
public:
    Progress(bool shown, std::string file);
    ~Progress() { clear(); }

    /// `counts` is a capture::SourceCounts.
    template <class Counts>
    void update(const Counts& counts) {
        if (shown_) show({file_, counts.input_bytes, counts.input_total, counts.packets});
    }
    /// Takes the line away; the next update draws it again.
    void clear();

private:
    void show(const ReadingProgress& progress);

    bool shown_;
    std::string file_;
    Duration started_;
    ProgressLine line_;
};

}  // namespace umbratap::report
