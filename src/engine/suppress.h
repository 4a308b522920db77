// `suppress`: alerts that somebody looked at are not told again until a day, after it was said how
// many that would have silenced.
#pragma once

#include <string>
#include <vector>

namespace umbratap::engine {

struct SuppressRequest {
    std::string alert;                ///< alert.id or event_id
    std::vector<std::string> events;  ///< files to look for it in, and to replay
    std::string file;                 ///< the suppressions, made if there are none
    std::string name, reason, expires;
    std::vector<std::string> by;  ///< what must be the same: rule, server, client, tool
    bool yes = false;             ///< also where it silences all of a category
};

/// Each prints what it found and returns the exit status. Throws detect::RuleError,
/// capture::InputError.
int suppress_add(const SuppressRequest& request);
int suppress_test(const std::string& file, const std::vector<std::string>& events);
int suppress_list(const std::string& file);

}  // namespace umbratap::engine
