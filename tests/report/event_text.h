// Lines of events, as tests compare them.
#pragma once

#include <string>

#include "report/eve.h"

namespace umbratap::test {

/// The line without its newline, its event id replaced by "*".
inline std::string line_of(const inventory::Record& record) {
    std::string line;
    report::write_eve(record, {}, line);
    const std::string key = "\"event_id\":\"";
    line.replace(line.find(key) + key.size(), 16, "*");
    line.pop_back();
    return line;
}

/// What follows the common fields.
inline std::string from(const std::string& line, const std::string& key) {
    const std::size_t common = line.find("\"event_id\"");
    const std::size_t found = line.find(key, common);
    return found == line.npos ? "(no " + key + " in " + line + ")" : line.substr(found);
}

}  // namespace umbratap::test
