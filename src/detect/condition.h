// What a rule asks of one value: is it there, of which type, which text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "detect/pattern.h"
#include "detect/yaml.h"
#include "mcp/message.h"

namespace umbratap::detect {

/// `lists:` of a rule file: names for long lists of texts, used as `$name`.
using TextLists = std::map<std::string, std::vector<std::string>>;

/// True if all of `text` has the shape: `#` is a digit, `*` any bytes or none, all else itself.
bool has_shape(std::string_view text, std::string_view shape) noexcept;

/// All tests of one value; holds if each of them does.
class Condition {
public:
    /// JSON values have types; header fields and the like are text, whatever they look like.
    enum class Values : std::uint8_t { json, text };

    /// Reads `{exists: …, type: …, equals: …, in: …, shape: …, matches: …}`, or a text or number
    /// that must be equal. Throws RuleError.
    static Condition read(const YamlNode& node, const TextLists& lists, Values values,
                          Databases& databases);

    bool holds(mcp::JsonType type, std::string_view value) const noexcept;

    /// The texts, one of which the value must equal; empty if it asks something else, or more.
    std::vector<std::string> only_texts() const;

private:
    struct Literal {
        mcp::JsonType type;
        std::string text;
    };
    void read_types(const YamlNode& node);
    void read_literal(const YamlNode& node, const TextLists& lists, Values values);

    std::uint8_t types_ = 0;  // bits by JsonType
    std::vector<Literal> literals_;
    std::vector<std::string> shapes_;
    std::vector<Pattern> patterns_;
};

}  // namespace umbratap::detect
