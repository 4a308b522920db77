// All that rules/ holds, read together: half of it is never in force.
#pragma once

#include <string>
#include <vector>

#include "base/seal.h"
#include "detect/alerts.h"
#include "detect/content_rules.h"
#include "detect/evasions.h"
#include "detect/mentions.h"
#include "detect/names.h"
#include "detect/prefilter.h"
#include "detect/presets.h"
#include "detect/rhythms.h"
#include "detect/rules.h"
#include "detect/software.h"
#include "detect/yaml.h"

namespace umbratap::detect {

struct RuleSet {
    Rules rules;
    Names names;
    AlertCatalogue catalogue;
    Prefilter prefilter;
    ContentRules content;
    Mentions mentions;
    Evasions evasions;
    Presets presets;
    Software software;
    Rhythms rhythms;
    Seal::Key content_key;  ///< of this run, over reloads

    /// Reads all files in `directory`; what patterns compile to is kept in `cache_directory`, see
    /// Databases. Rules keep the numbers that they had `before`. Throws RuleError.
    explicit RuleSet(const std::string& directory, const std::string& cache_directory = {},
                     const RuleSet* before = nullptr);

private:
    RuleSet(const std::string& directory, const std::string& cache_directory, const RuleSet* before,
            const YamlNode::Sharing& files);

public:
    /// Runs every example of every rule; returns one line per example that does not do what it
    /// should.
    std::vector<std::string> check() const;

    /// One rule, of whatever kind, for `rules list` and `rules explain`.
    struct Entry {
        std::uint32_t sid = 0;
        std::string id, title, file,
            text;  ///< text: as written; empty for an alert of the catalogue
        int line = 0;
        int weight = 0, severity = 0;  ///< 0: it has none
        std::size_t examples = 0;
    };
    std::vector<Entry> all() const;
};

}  // namespace umbratap::detect
