// Events that were written before, read line by line from files or standard input.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "report/renderings/event_reader.h"

namespace umbratap::engine {

/// Calls `see` with each event of the files ("-": standard input), in their order. Lines that are
/// no events are skipped, and their number is returned. Throws InputError (exit status 4) if a file
/// cannot be read.
std::size_t for_each_event(const std::vector<std::string>& files,
                           const std::function<void(const report::EventReader&)>& see);

}  // namespace umbratap::engine
