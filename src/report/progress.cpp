// The line that moves while files are read.
#include "report/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "report/quantity.h"
#include "report/text.h"

namespace umbratap::report {

namespace {

constexpr Duration pause = std::chrono::milliseconds(100);
constexpr Duration rate_known_after = std::chrono::milliseconds(300);
constexpr int bar_columns = 16;

// Halves of a column: "━━━╸".
std::string bar(double part) {
    const int halves = static_cast<int>(part * bar_columns * 2);
    std::string text;
    for (int i = 0; i < halves / 2; ++i) text += "━";
    if (halves % 2 != 0) text += "╸";
    text.append(static_cast<std::size_t>(bar_columns - (halves + 1) / 2), ' ');
    return text;
}

Duration now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

int terminal_columns() {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool colour_wanted() {
    const char* no_colour = std::getenv("NO_COLOR");  // no-color.org: set and not empty
    return no_colour == nullptr || *no_colour == '\0';
}

// Progress is a courtesy: what the terminal does not take is not tried again.
void write_to_terminal(const std::string& text) {
    if (!text.empty() && write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

}  // namespace

std::string ProgressLine::draw(const ReadingProgress& progress, Duration elapsed) {
    if (drawn_ && elapsed - drawn_at_ < pause) return {};
    drawn_ = true;
    drawn_at_ = elapsed;
    std::string facts;
    int facts_columns = 0;
    const auto add = [&](const std::string& fact) {
        facts += "  " + fact;
        facts_columns += 2 + columns_of(fact);
    };
    const double seconds = std::chrono::duration<double>(elapsed).count();
    const bool rate_known = elapsed >= rate_known_after && progress.bytes > 0;
    const double rate = rate_known ? static_cast<double>(progress.bytes) / seconds : 0;
    if (progress.bytes_total > 0) {
        const double part = std::min(
            1.0, static_cast<double>(progress.bytes) / static_cast<double>(progress.bytes_total));
        const std::string drawn_bar = bar(part);
        if (columns_ >= 80) {
            facts = (colour_ ? "  \033[36m" + drawn_bar + "\033[0m" : "  " + drawn_bar);
            facts_columns = 2 + bar_columns;
        }
        const std::string percent = std::to_string(static_cast<int>(part * 100));
        add(std::string(3 - percent.size(), ' ') + percent + " %");
    } else {
        add(bytes_text(progress.bytes));
    }
    if (rate_known) add(bytes_text(static_cast<std::uint64_t>(rate)) + "/s");
    add(short_count_text(progress.packets) + " packets");
    if (rate_known && progress.bytes_total > progress.bytes) {
        const double left = static_cast<double>(progress.bytes_total - progress.bytes) / rate;
        const auto rounded =
            std::chrono::seconds(static_cast<std::int64_t>(std::min(left, 1e9) + 0.999));
        add("ETA " + (rounded.count() < 60 ? std::to_string(rounded.count()) + " s"
                                           : duration_text(rounded)));
    }
    // The last column stays free: some terminals wrap as soon as it is written.
    const int name_columns = std::max(8, columns_ - 1 - facts_columns - 8);
    const std::string name =
        terminal_text(progress.file.substr(progress.file.rfind('/') + 1), name_columns);
    return "\r\033[Kreading " + name + facts;
}

std::string ProgressLine::clear() {
    if (!drawn_) return {};
    drawn_ = false;
    return "\r\033[K";
}

Progress::Progress(bool shown, std::string file)
    : shown_(shown),
      file_(std::move(file)),
      started_(now()),
      line_(shown ? terminal_columns() : 80, shown && colour_wanted()) {}

void Progress::show(const ReadingProgress& progress) {
    write_to_terminal(line_.draw(progress, now() - started_));
}

void Progress::clear() {
    write_to_terminal(line_.clear());
}

}  // namespace umbratap::report
