// Days as people write them.
#include "inventory/day.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace umbratap::inventory {

std::chrono::sys_days read_day(const detect::YamlNode& node) {
    const std::string text = node.text("a date like 2027-01-31");
    const auto part = [&](std::size_t at, std::size_t length) {
        int value = -1;
        if (at + length <= text.size()) {
            const auto [end, error] =
                std::from_chars(text.data() + at, text.data() + at + length, value);
            if (error != std::errc{} || end != text.data() + at + length) value = -1;
        }
        return value;
    };
    const int year = part(0, 4), month = part(5, 2), day = part(8, 2);
    const std::chrono::year_month_day date(
        std::chrono::year(year), std::chrono::month(static_cast<unsigned>(std::max(month, 0))),
        std::chrono::day(static_cast<unsigned>(std::max(day, 0))));
    // From 1970 to 2200: what fits into nanoseconds of packet time.
    if (text.size() != 10 || text[4] != '-' || text[7] != '-' || year < 1970 || year > 2200 ||
        !date.ok()) {
        node.fail("expected a date like 2027-01-31");
    }
    return std::chrono::sys_days(date);
}

}  // namespace umbratap::inventory
