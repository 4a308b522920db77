// What a run goes by: rules, names, alerts, policy. Constant once it is loaded; a reload makes
// another, and workers and reporter go over to it between two packets.
#pragma once

#include <memory>

#include "detect/alerts.h"
#include "detect/content_rules.h"
#include "detect/mentions.h"
#include "detect/names.h"
#include "detect/prefilter.h"
#include "detect/rules.h"
#include "engine/options.h"
#include "inventory/policy.h"

namespace umbratap::engine {

struct Book {
    detect::Rules rules;
    detect::Names names;
    detect::AlertCatalogue catalogue;
    detect::Prefilter prefilter;
    detect::ContentRules content;
    detect::Mentions mentions;
    inventory::Policy policy;

    /// Reads all files that `options` name. Throws detect::RuleError: then nothing has changed.
    /// Rules keep the numbers that they had `before`.
    explicit Book(const Options& options, const Book* before = nullptr)
        : rules(options.rules, options.cache, before != nullptr ? &before->rules : nullptr),
          names(options.rules),
          catalogue(options.rules),
          prefilter(options.rules, options.cache),
          content(options.rules, options.cache),
          mentions(options.rules),
          policy(options.policy.empty() ? inventory::Policy()
                                        : inventory::Policy::load(options.policy)) {}
};

using BookPointer = std::shared_ptr<const Book>;

}  // namespace umbratap::engine
