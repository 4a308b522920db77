// Alerts that somebody looked at and does not want to see again, until a day: a YAML file.
//
//     version: 1
//     suppressions:
//       - name: weather tool reviewed        # unique; counted under this name
//         category: tool-poisoning
//         rule: conceal-from-user            # optional: alert.evidence.matched
//         server: weather.example            # optional: host, or address where it has none
//         client: 10.20.0.0/16               # optional
//         tool: get_forecast                 # optional
//         reason: text was reviewed with the vendor
//         expires: 2027-01-31                # held against packet time
//
// A suppressed alert is counted, never silent.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "detect/yaml.h"
#include "inventory/network_set.h"
#include "inventory/records.h"

namespace umbratap::inventory {

/// What of an alert a suppression is held against.
struct SuppressibleAlert {
    std::string_view category, rule, server, tool;
    std::optional<packet::Address> client;
    Time time;
};
SuppressibleAlert suppressible(const Alert& alert);

struct Suppression {
    std::string name, category, rule, server, tool, reason, expires;
    std::optional<std::string> client;  ///< as written
    std::optional<NetworkSet> clients;
    Time end;  ///< from then on it does not count
    int line = 0;

    bool covers(const SuppressibleAlert& alert) const noexcept;
};

class Suppressions {
public:
    static constexpr std::size_t entries_max = 10'000;

    Suppressions() = default;  ///< none
    /// Throws detect::RuleError ("file:line: …", with a suggestion for unknown keys).
    static Suppressions load(const std::string& file);
    static Suppressions read(const detect::YamlNode& file);

    /// The first that covers the alert and has not expired at its time; null if there is none.
    const Suppression* find(const SuppressibleAlert& alert) const noexcept;
    const std::vector<Suppression>& all() const noexcept { return entries_; }
    /// One line for each entry, for -T.
    std::vector<std::string> describe() const;

private:
    std::vector<Suppression> entries_;
};

}  // namespace umbratap::inventory
