// What a rule asks of one value.
#include "detect/condition.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "detect/glob.h"

namespace umbratap::detect {

namespace {

using mcp::JsonType;

constexpr std::uint8_t bit(JsonType type) noexcept {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(type));
}

constexpr std::uint8_t absent_only = bit(JsonType::absent);
constexpr std::uint8_t all_present = 0x7f & ~absent_only;

// In the order of JsonType.
constexpr std::array<std::string_view, 7> type_names = {"absent", "null",  "boolean", "number",
                                                        "string", "array", "object"};

bool looks_like_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("+-0123456789.eE") == std::string_view::npos &&
           text.find_first_of("0123456789") != std::string_view::npos;
}

}  // namespace

bool has_shape(std::string_view text, std::string_view shape) noexcept {
    return matches_with_stars(text, shape, [](char wanted, char got) {
        return wanted == '#' ? got >= '0' && got <= '9' : wanted == got;
    });
}

void Condition::read_types(const YamlNode& node) {
    for (const YamlNode& element : node.elements_or_one()) {
        // `type: null` is what people write; YAML takes it for nothing.
        types_ |=
            static_cast<std::uint8_t>(1U << (element.is_null() ? 1 : element.one_of(type_names)));
    }
}

void Condition::read_literal(const YamlNode& node, const TextLists& lists, Values values) {
    const std::string text = node.text("a text or a number");
    if (!node.is_quoted() && text.starts_with('$')) {
        const auto list = lists.find(text.substr(1));
        if (list == lists.end()) {
            std::vector<std::string_view> names;
            for (const auto& [name, texts] : lists) names.push_back(name);
            node.fail("there is no list '" + text.substr(1) + "'" +
                      suggestion(text.substr(1), names));
        }
        for (const std::string& each : list->second) literals_.push_back({JsonType::string, each});
        return;
    }
    const bool number = values == Values::json && !node.is_quoted() && looks_like_number(text);
    literals_.push_back({number ? JsonType::number : JsonType::string, text});
}

Condition Condition::read(const YamlNode& node, const TextLists& lists, Values values,
                          Databases& databases) {
    Condition condition;
    if (!node.is_mapping()) {
        for (const YamlNode& element : node.elements_or_one())
            condition.read_literal(element, lists, values);
        condition.types_ = all_present;
        return condition;
    }
    node.allow_only({"exists", "type", "equals", "in", "shape", "matches"});
    if (node.members().empty())
        node.fail("expected at least one of exists, type, equals, in, shape, matches");
    std::uint8_t presence = absent_only | all_present;
    for (const YamlMember& member : node.members()) {
        if (member.key == "exists") {
            presence = member.value.boolean() ? all_present : absent_only;
        } else if (member.key == "type") {
            if (values == Values::text) member.key_node.fail("only JSON values have types");
            member.value.is_null() ? member.value.fail("expected a type; null is written [null]")
                                   : condition.read_types(member.value);
        } else if (member.key == "equals") {
            if (member.value.is_sequence())
                member.value.fail("expected one value; for several there is 'in'");
            condition.read_literal(member.value, lists, values);
        } else if (member.key == "in") {
            for (const YamlNode& element : member.value.elements_or_one())
                condition.read_literal(element, lists, values);
        } else if (member.key == "shape") {
            for (std::string& shape : member.value.texts("a shape like \"20##-##-##\"")) {
                condition.shapes_.push_back(std::move(shape));
            }
        } else {
            try {
                condition.patterns_.emplace_back(member.value.text("a regular expression"),
                                                 databases);
            } catch (const std::invalid_argument& broken) {
                member.value.fail(std::string("this regular expression cannot be used: ") +
                                  broken.what());
            }
        }
    }
    if (condition.types_ == 0)
        condition.types_ = presence == absent_only ? absent_only : all_present;
    condition.types_ &= presence;
    return condition;
}

bool Condition::holds(JsonType type, std::string_view value) const noexcept {
    if ((types_ & bit(type)) == 0) return false;
    if (!literals_.empty() &&
        std::none_of(literals_.begin(), literals_.end(), [&](const Literal& literal) {
            return literal.type == type && literal.text == value;
        })) {
        return false;
    }
    if (shapes_.empty() && patterns_.empty()) return true;
    if (type != JsonType::string && type != JsonType::number) return false;
    if (!shapes_.empty() &&
        std::none_of(shapes_.begin(), shapes_.end(),
                     [&](const std::string& shape) { return has_shape(value, shape); })) {
        return false;
    }
    return std::all_of(patterns_.begin(), patterns_.end(),
                       [&](const Pattern& pattern) { return pattern.found_in(value); });
}

std::vector<std::string> Condition::only_texts() const {
    std::vector<std::string> texts;
    if (types_ != all_present || !shapes_.empty() || !patterns_.empty()) return texts;
    for (const Literal& literal : literals_) {
        if (literal.type == JsonType::string) texts.push_back(literal.text);
    }
    return texts;
}

}  // namespace umbratap::detect
