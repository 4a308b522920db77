// All that rules/ holds.
#include "detect/rule_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace umbratap::detect {

RuleSet::RuleSet(const std::string& directory, const std::string& cache_directory,
                 const RuleSet* before)
    : RuleSet(directory, cache_directory, before, YamlNode::Sharing()) {}

RuleSet::RuleSet(const std::string& directory, const std::string& cache_directory,
                 const RuleSet* before, const YamlNode::Sharing&)
    : rules(directory, cache_directory, before != nullptr ? &before->rules : nullptr),
      names(directory),
      catalogue(directory),
      prefilter(directory, cache_directory),
      content(directory, cache_directory),
      mentions(directory),
      evasions(directory),
      presets(directory),
      software(directory),
      rhythms(directory),
      content_key(before != nullptr ? before->content_key : Seal::new_key()) {
    std::vector<std::string> known;
    for (const Entry& entry : all()) known.push_back(entry.id);
    for (const AlertKind& kind : catalogue.all()) {
        for (const auto& [matched, severity] : kind.severities) known.push_back(matched);
    }
    presets.demand_known(known);
}

std::vector<std::string> RuleSet::check() const {
    std::vector<std::string> wrong;
    const auto take = [&](std::vector<std::string> lines) {
        std::move(lines.begin(), lines.end(), std::back_inserter(wrong));
    };
    take(rules.check());
    take(names.check());
    take(prefilter.check());
    take(content.check());
    take(mentions.check());
    take(evasions.check());
    take(software.check());
    take(rhythms.check());
    return wrong;
}

std::vector<RuleSet::Entry> RuleSet::all() const {
    std::vector<Entry> entries;
    for (const RuleInfo& rule : rules.all()) {
        entries.push_back({rule.sid, rule.id, rule.title, rule.file, rule.text, rule.line,
                           rule.weight, 0, rule.matches.size() + rule.spares.size()});
    }
    for (const ContentRule& rule : content.all()) {
        entries.push_back({rule.sid, rule.id, rule.title, rule.file, rule.text, rule.line,
                           *std::max_element(rule.weight.begin(), rule.weight.end()), rule.severity,
                           rule.matches.size() + rule.spares.size()});
    }
    const auto add = [&](const auto& infos) {
        for (const auto& info : infos)
            entries.push_back({info.sid, info.id, info.title, info.file, info.text, info.line, 0, 0,
                               info.examples});
    };
    add(mentions.all());
    add(evasions.all());
    for (const Rhythms::Info& info : rhythms.all()) {
        entries.push_back({info.sid, info.id, info.title, info.file, info.text, info.line,
                           info.weight, 0, info.examples});
    }
    for (const AlertKind& kind : catalogue.all()) {
        entries.push_back(
            {kind.signature_id, kind.category, kind.signature, {}, {}, 0, 0, kind.severity, 0});
    }
    return entries;
}

}  // namespace umbratap::detect
