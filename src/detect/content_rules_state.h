// What ContentRules keeps; shared by the files that implement it, and by nobody else.
#pragma once

#include <string>
#include <vector>

#include "detect/content_rules.h"
#include "detect/databases.h"

namespace umbratap::detect {

struct ContentRules::State {
    struct WholeExample {
        std::string file;
        ContentExample example;
    };
    void read(const YamlNode& file);

    std::vector<ContentRule> rules;
    std::vector<std::uint16_t> patterns;  ///< id in `search` → number of the rule
    std::vector<std::uint16_t> valued;    ///< id in `closely` → number of the rule
    std::vector<std::uint16_t> hidden;  ///< rules without a pattern: of characters that nobody sees
    std::vector<std::uint16_t> blanks;  ///< likewise: of what stands behind a long row of blanks
    Database search;   ///< `search` of all, over all strings of a message: where do they end
    Database closely;  ///< those of values, over one string: where do they begin
    std::vector<WholeExample> finds, finds_nothing;
};

}  // namespace umbratap::detect
