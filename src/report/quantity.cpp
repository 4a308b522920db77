// Numbers as a person reads them.
#include "report/quantity.h"

#include <fmt/format.h>

namespace umbratap::report {

namespace {

// Three significant digits: "1.23", "12.3", "123". The unit is chosen so that nothing is rounded up
// to "1000".
std::string three_digits(double value) {
    return value < 9.995   ? fmt::format("{:.2f}", value)
           : value < 99.95 ? fmt::format("{:.1f}", value)
                           : fmt::format("{:.0f}", value);
}

std::string scaled(std::uint64_t count, const char* const (&units)[5]) {
    auto value = static_cast<double>(count);
    std::size_t unit = 0;
    for (; value >= 999.5 && unit < 4; ++unit) value /= 1000;
    if (unit == 0) return std::to_string(count);
    return three_digits(value) + ' ' + units[unit];
}

}  // namespace

std::string count_text(std::uint64_t count) {
    std::string text = std::to_string(count);
    for (std::size_t from_end = 3; from_end < text.size(); from_end += 4)
        text.insert(text.size() - from_end, 1, ',');
    return text;
}

std::string short_count_text(std::uint64_t count) {
    return scaled(count, {"", "k", "M", "G", "T"});
}

std::string bytes_text(std::uint64_t bytes) {
    if (bytes < 1000) return counted(bytes, "byte");
    return scaled(bytes, {"", "kB", "MB", "GB", "TB"});
}

std::string duration_text(Duration duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    if (seconds < 0) return "0 s";
    if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
    const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
    if (whole < 60) return fmt::format("{} s", whole);
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    if (whole < 86'400) return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
    return fmt::format("{} days {} h", whole / 86'400, whole / 3600 % 24);
}

std::string counted(std::uint64_t count, const std::string& noun) {
    return count_text(count) + ' ' + noun + (count == 1 ? "" : "s");
}

}  // namespace umbratap::report
