// Which alerts are reported: rules/presets.yaml.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace umbratap::detect {

/// The default reports everything.
struct Preset {
    std::string name = "hunt";
    int severity_max = 4;          ///< alerts that matter less are left out
    std::vector<std::string> off;  ///< categories, and rules by id, that are left out

    bool reports(std::string_view category, std::string_view rule, int severity) const noexcept;
};

class Presets {
public:
    /// Reads `directory`/presets.yaml. Throws RuleError; also if quiet, standard or hunt is
    /// missing.
    explicit Presets(const std::string& directory);

    /// Throws RuleError with a suggestion if there is none of that name.
    const Preset& find(std::string_view name) const;
    const std::vector<Preset>& all() const noexcept { return presets_; }
    /// Throws RuleError if something is switched off that is not among `known`.
    void demand_known(const std::vector<std::string>& known) const;

private:
    std::string file_;
    std::vector<Preset> presets_;
    std::vector<int> lines_;
};

}  // namespace umbratap::detect
