// What an alert of each category is called and weighed: rules/alerts.yaml.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace umbratap::detect {

struct AlertKind {
    std::string category;            ///< "shadow-server"; see report/README.md
    std::uint32_t signature_id = 0;  ///< unique over all rule files
    int rev = 1;
    std::string signature;
    int severity = 3;                       ///< 1 is worst, 4 least
    std::map<std::string, int> severities;  ///< of some alerts, by what matched: they differ
    std::string why, advice;  ///< why it matters, and what to do: sentences
    std::map<std::string, std::vector<std::string>> metadata;  ///< owasp_mcp, mitre_atlas, …

    int severity_of(const std::string& matched) const {
        const auto found = severities.find(matched);
        return found == severities.end() ? severity : found->second;
    }
};

class AlertCatalogue {
public:
    /// Reads `directory`/alerts.yaml. Throws RuleError; also if a category that the code raises is
    /// missing.
    explicit AlertCatalogue(const std::string& directory);

    /// `category` must be one that the code raises or the file holds.
    const AlertKind& find(std::string_view category) const;
    const std::vector<AlertKind>& all() const noexcept { return kinds_; }

private:
    std::vector<AlertKind> kinds_;
};

}  // namespace umbratap::detect
