// What Rules keeps: the rules, and the ways to find those that a message must be held against.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "detect/head_facts.h"
#include "detect/rule.h"
#include "detect/rules.h"

namespace umbratap::detect {

struct Rules::State {
    /// `confirms` and `never_confirms`: what all rules together must say.
    struct WholeExample {
        std::string file;
        Example example;
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>()(text);
        }
    };

    void read(const YamlNode& file, Databases& databases);
    /// Rules that were there before keep their numbers, which sessions remember; those that are
    /// gone leave theirs, and their names, behind.
    void keep_numbers(const State& before);
    void index();
    std::string version() const;

    mcp::Watch watch;
    WatchedHeaders headers;
    std::vector<Rule> rules;
    std::vector<RuleInfo> infos;
    std::vector<WholeExample> confirms, never_confirms;
    std::string texts;  // of all files, for the version

    std::array<std::vector<std::uint16_t>, 4> by_kind;  // rules of messages that name no method
    std::unordered_map<std::string, std::vector<std::uint16_t>, TextHash, std::equal_to<>>
        by_method;
    std::vector<std::uint16_t> by_heads, by_event, signs;
};

}  // namespace umbratap::detect
