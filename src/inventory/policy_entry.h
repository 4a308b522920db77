// One entry of the policy, or one included list: what a contact must be, and what it then is.
#pragma once

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "detect/yaml.h"
#include "inventory/network_set.h"
#include "inventory/policy.h"

namespace umbratap::inventory {

/// Host names and `*.` wildcards.
class HostSet {
public:
    /// Whole names, or `*.` and a name. False if it is neither; `complaint` then says why.
    bool add(std::string_view text, std::string& complaint);
    /// A normalised name (detect/host_name.h).
    bool contains(const std::string& name) const;
    bool empty() const noexcept { return names_.empty() && parents_.empty(); }
    std::size_t size() const noexcept { return names_.size() + parents_.size(); }
    const std::unordered_set<std::string>& names() const noexcept { return names_; }
    const std::unordered_set<std::string>& parents() const noexcept { return parents_; }

private:
    std::unordered_set<std::string> names_;
    std::unordered_set<std::string> parents_;  // of `*.parent`
};

struct PolicyEntry {
    std::string name, owner, reason, file;
    std::string list_digest;  ///< of an included list, in hex
    int line = 0;
    HostSet hosts;
    NetworkSet addresses, clients;
    std::vector<std::uint16_t> ports;
    std::vector<std::string> paths;
    std::vector<std::string> tools_allowed = {"*"}, tools_denied;
    bool require_tls = true;
    bool via_proxy = false;
    bool included = false;  ///< from a list, not an entry of its own
    Verdict verdict = Verdict::approved;
    std::optional<std::chrono::sys_days> expires;  ///< the last day on which it counts
};

/// Reads one element of `portals:`. Throws RuleError.
PolicyEntry read_policy_entry(const detect::YamlNode& node);

/// Reads one element of `include:`, and the MISP warninglist that it names, relative to
/// `directory`. Throws RuleError.
PolicyEntry read_included_list(const detect::YamlNode& node, const std::string& directory);

}  // namespace umbratap::inventory
