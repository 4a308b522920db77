// One rule about what a message says, as read from its file: rules/README.md, "Content".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "detect/yaml.h"

namespace umbratap::detect {

/// Where a text stands, seen by those who read it.
enum class ContentArea : std::uint8_t {
    definition,  ///< what a server says of itself and its tools: the model reads it as truth
    content,     ///< results, resources, prompts, elicitations, errors: what a server hands over
    arguments,   ///< what a client sends
    header,      ///< Mcp-Param-*, Mcp-Name: arguments that proxies log
    url,         ///< query of the request target
};
inline constexpr std::size_t content_areas = 5;
std::string_view to_string(ContentArea area) noexcept;

enum class ContentKind : std::uint8_t {
    instruction,  ///< text that speaks to the model
    hidden_text,  ///< text that a person does not see
    secret,       ///< a credential
    personal,     ///< personal data
};

/// A check of the value that the pattern matched; see detect/content_checks.h.
struct ContentCheck {
    enum class What : std::uint8_t {
        luhn,
        iban,
        social_security_number,
        github_checksum,
        web_token,
        entropy
    };
    What what = What::entropy;
    double bits_min = 0;  ///< entropy
    bool holds(std::string_view value) const noexcept;
};

/// An example of all rules together.
struct ContentExample {
    int line = 0;
    ContentArea area = ContentArea::content;
    std::string text, category;  ///< category: empty where nothing may be found
};

struct ContentRule {
    std::string id, title, reference, file, text;  ///< text: as written
    std::uint32_t sid = 0;
    int line = 0;
    ContentKind kind = ContentKind::instruction;
    std::array<std::uint8_t, content_areas> weight{};  ///< by area; 0: not looked at there
    int severity = 0;                                  ///< 0: that of the category
    std::string pattern;                               ///< empty: see `hidden`
    std::string search;  ///< quick to look for; found in each string in which `pattern` is
    bool caseless = false;
    enum class Hidden : std::uint8_t { none, tags, directions, widthless, blanks };
    Hidden hidden = Hidden::none;
    std::uint32_t at_least = 1;     ///< different values in a message; hidden characters (blanks in
                                    ///< a row) in a string
    std::uint32_t value_bytes = 0;  ///< the value is the end of the match; 0: all of it
    std::vector<ContentCheck> checks, confirms;
    std::vector<std::string> documented;            ///< examples of vendors: severity 4
    std::uint32_t shows_first = 0, shows_last = 0;  ///< bytes of a value that an excerpt may show
    std::vector<std::pair<int, std::string>> matches, spares;  ///< with their lines

    bool has_values() const noexcept {
        return kind == ContentKind::secret || kind == ContentKind::personal;
    }
    std::string_view value_of(std::string_view match) const noexcept {
        return value_bytes != 0 && match.size() > value_bytes
                   ? match.substr(match.size() - value_bytes)
                   : match;
    }
    bool accepts(std::string_view match) const noexcept;
    bool is_documented(std::string_view match) const noexcept;
};

/// Reads one rule. `next_line` is where the next one begins (0: none). Throws RuleError.
ContentRule read_content_rule(const YamlNode& node, int next_line);
/// One of `finds` or `finds_nothing`.
ContentExample read_content_example(const YamlNode& node, bool finds);

}  // namespace umbratap::detect
