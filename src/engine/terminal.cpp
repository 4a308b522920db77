// What the terminal that we write to can do.
#include "engine/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace umbratap::engine {

namespace {

int terminal_columns() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
    return 160;  // a file or a pipe: nothing must be cut to fit
}

bool colour_wanted() {
    const char* no_colour = std::getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) != 0 && (no_colour == nullptr || *no_colour == '\0');
}

}  // namespace

report::SummaryOptions summary_options(bool policy_given) {
    return {colour_wanted(), terminal_columns(), policy_given};
}

}  // namespace umbratap::engine
