// The definition of a tool in one spelling, so that two that mean the same are the same bytes, and
// what differs between two.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace umbratap::mcp {

/// The members by which a model knows and calls a tool (name, title, description, inputSchema,
/// outputSchema, annotations), keys in the order of their bytes, strings and numbers in one
/// spelling, no white space. `_meta`, icons and what a later revision adds may change from answer
/// to answer, and are left out. Empty if `definition` is no object, or nested more than 64 deep.
std::string canonical_definition(std::string_view definition);

/// The same without the name: two tools with the same one are the same tool, whatever a gateway
/// calls them.
std::string nameless_definition(std::string_view canonical);

struct Difference {
    enum class Kind : std::uint8_t { added, removed, changed };
    Kind kind = Kind::changed;
    std::string pointer;        ///< RFC 6901: `/inputSchema/properties/city/description`
    std::string before, after;  ///< what differs of a value, cut; empty where there is none
};

/// What differs between two canonical definitions, in the order of pointers; at most `max`.
std::vector<Difference> differences(std::string_view before, std::string_view after,
                                    std::size_t max = 16);

}  // namespace umbratap::mcp
