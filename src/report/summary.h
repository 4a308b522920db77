// What a person reads after a run over files (interface.md, section 1): inventory, worst findings,
// what stayed unseen.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "inventory/records.h"

namespace umbratap::report {

struct SummaryOptions {
    bool colour = false;
    int columns = 100;  ///< of the terminal
    bool policy_given = false;
};

/// Collects records as they pass, and renders at the end.
class Summary {
public:
    void add(const inventory::Record& record);
    std::string render(const SummaryOptions& options) const;

private:
    std::vector<inventory::Session> sessions_;
    std::vector<inventory::Alert> alerts_;
    inventory::Stats stats_;
};

}  // namespace umbratap::report
