// What a run goes by: rules, policy and suppressions. Constant once it is loaded; a reload makes
// another, and workers and reporter go over to it between two packets.
#pragma once

#include <memory>

#include "detect/rule_set.h"
#include "engine/options.h"
#include "inventory/policy.h"
#include "inventory/suppressions.h"

namespace umbratap::engine {

struct Book : detect::RuleSet {
    inventory::Policy policy;
    inventory::Suppressions suppressions;
    const detect::Preset& preset;  ///< of RuleSet::presets

    /// Reads all files that `options` name. Throws detect::RuleError: then nothing has changed.
    /// Rules keep the numbers that they had `before`.
    explicit Book(const Options& options, const Book* before = nullptr)
        : RuleSet(options.rules, options.cache, before),
          policy(options.policy.empty() ? inventory::Policy()
                                        : inventory::Policy::load(options.policy)),
          suppressions(options.suppressions.empty()
                           ? inventory::Suppressions()
                           : inventory::Suppressions::load(options.suppressions)),
          preset(presets.find(options.preset)) {}
    Book(const Book&) = delete;
    Book& operator=(const Book&) = delete;
};

using BookPointer = std::shared_ptr<const Book>;

}  // namespace umbratap::engine
