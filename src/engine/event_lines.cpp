// Events that were written before.
#include "engine/event_lines.h"

#include <fstream>
#include <iostream>

#include "capture/source.h"

namespace umbratap::engine {

std::size_t for_each_event(const std::vector<std::string>& files,
                           const std::function<void(const report::EventReader&)>& see) {
    report::EventReader event;
    std::size_t wrong = 0;
    const auto read = [&](std::istream& in) {
        for (std::string line; std::getline(in, line);) {
            if (line.empty()) continue;
            if (event.read(line)) {
                see(event);
            } else {
                ++wrong;
            }
        }
    };
    for (const std::string& file : files) {
        if (file == "-") {
            read(std::cin);
            continue;
        }
        std::ifstream in(file);
        if (!in) throw capture::InputError(file + ": cannot be read; expected events as NDJSON");
        read(in);
        if (in.bad()) throw capture::InputError(file + ": cannot be read to its end");
    }
    return wrong;
}

}  // namespace umbratap::engine
