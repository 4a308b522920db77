// One rule about what a message says.
#include "detect/content_rule.h"

#include <algorithm>

#include "detect/content_checks.h"

namespace umbratap::detect {
namespace {

constexpr std::array<std::string_view, content_areas> area_names = {"definition", "content",
                                                                    "arguments", "header", "url"};
constexpr std::array<std::string_view, 4> kind_names = {"instruction", "hidden-text", "secret",
                                                        "personal"};
constexpr std::array<std::string_view, 5> hidden_names = {"none", "tags", "directions", "widthless",
                                                          "blanks"};

/// Where rules of a kind look unless they say otherwise.
std::vector<ContentArea> usual_areas(ContentKind kind) {
    switch (kind) {
        case ContentKind::instruction:
        case ContentKind::hidden_text:
            return {ContentArea::definition, ContentArea::content};
        case ContentKind::secret:
            return {ContentArea::definition, ContentArea::content, ContentArea::arguments,
                    ContentArea::header, ContentArea::url};
        case ContentKind::personal:
            return {ContentArea::content, ContentArea::arguments, ContentArea::header,
                    ContentArea::url};
    }
    return {};
}

void read_weight(const YamlNode& node, ContentRule& rule) {
    if (!node.is_mapping()) {
        const auto weight = static_cast<std::uint8_t>(node.integer(1, 99));
        for (const ContentArea area : usual_areas(rule.kind))
            rule.weight[static_cast<std::size_t>(area)] = weight;
        return;
    }
    for (const YamlMember& member : node.members()) {
        const auto found = std::find(area_names.begin(), area_names.end(), member.key);
        if (found == area_names.end()) {
            member.key_node.fail("unknown area '" + member.key + "'" +
                                 suggestion(member.key, area_names) +
                                 ", expected definition, content, arguments, header, url");
        }
        rule.weight[static_cast<std::size_t>(found - area_names.begin())] =
            static_cast<std::uint8_t>(member.value.integer(1, 99));
    }
}

ContentCheck read_check(const YamlNode& node) {
    using What = ContentCheck::What;
    if (node.is_mapping()) {
        node.allow_only({"entropy"});
        return {What::entropy, node.at("entropy").number(0, 8)};
    }
    constexpr std::array<std::string_view, 5> names = {"luhn", "iban", "social-security-number",
                                                       "github-checksum", "web-token"};
    return {static_cast<What>(node.one_of(names)), 0};
}

std::vector<ContentCheck> read_checks(const YamlNode& rule, std::string_view key) {
    std::vector<ContentCheck> checks;
    if (const auto list = rule.find(key)) {
        for (const YamlNode& check : list->elements_or_one()) checks.push_back(read_check(check));
    }
    return checks;
}

/// In an instruction a blank is whatever writers put between words; "blank, question mark" that or
/// nothing.
std::string with_loose_blanks(const std::string& pattern) {
    std::string out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != ' ') {
            out += pattern[i];
            continue;
        }
        const bool optional = i + 1 < pattern.size() && pattern[i + 1] == '?';
        out += "[\\s*_`~>,:;\"'-]";
        out += optional ? "{0,4}" : "{1,4}";
        if (optional) ++i;
    }
    return out;
}

/// A dot, or a class of all but some, that takes a NUL.
bool reaches_over_nul(const std::string& pattern) {
    bool in_class = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '\\') {
            ++i;
        } else if (in_class) {
            in_class = pattern[i] != ']';
        } else if (pattern[i] == '[') {
            in_class = true;
            const std::size_t end = pattern.find(']', i + 2);
            if (pattern.compare(i, 2, "[^") == 0 &&
                std::string_view(pattern).substr(i, end - i).find("\\x00") ==
                    std::string_view::npos)
                return true;
            ++i;
        } else if (pattern[i] == '.') {
            return true;
        }
    }
    return false;
}

void read_pattern(const YamlNode& node, ContentRule& rule) {
    const auto pattern = node.find("pattern");
    const auto hidden = node.find("hidden");
    if (pattern.has_value() == hidden.has_value())
        node.fail("expected either 'pattern' or 'hidden'");
    if (hidden) {
        rule.hidden = static_cast<ContentRule::Hidden>(hidden->one_of(hidden_names));
        if (rule.hidden == ContentRule::Hidden::none)
            hidden->fail("expected tags, directions, widthless or blanks");
        return;
    }
    rule.pattern = pattern->text("a regular expression");
    if (rule.pattern.empty() || rule.pattern.size() > 2000)
        pattern->fail("expected a regular expression of 1 to 2,000 bytes");
    rule.search = rule.pattern;
    if (const auto search = node.find("search")) {
        if (!rule.has_values()) search->fail("expected it in rules of secret and personal alone");
        rule.search = search->text("a regular expression");
        if (rule.search.empty() || rule.search.size() > 2000)
            search->fail("expected a regular expression of 1 to 2,000 bytes");
    }
    rule.caseless = rule.kind == ContentKind::instruction;
    if (const auto caseless = node.find("caseless")) rule.caseless = caseless->boolean();
    if (!rule.has_values()) {
        // Strings lie one behind the other: nothing may match from one into the next.
        if (reaches_over_nul(rule.pattern))
            pattern->fail("expected no '.', and \\x00 in each class that begins with '^'");
        if (rule.kind == ContentKind::instruction) rule.pattern = with_loose_blanks(rule.pattern);
        rule.search = rule.pattern;
    }
}

std::vector<std::pair<int, std::string>> read_examples(const YamlNode& rule, std::string_view key) {
    std::vector<std::pair<int, std::string>> examples;
    for (const YamlNode& text : rule.at(key).elements())
        examples.emplace_back(text.line(), text.text());
    if (examples.empty()) rule.fail("expected at least one example in '" + std::string(key) + "'");
    return examples;
}

std::uint32_t count(const YamlNode& rule, std::string_view key, std::uint32_t otherwise,
                    std::int64_t max) {
    const auto node = rule.find(key);
    return node ? static_cast<std::uint32_t>(node->integer(0, max)) : otherwise;
}

}  // namespace

std::string_view to_string(ContentArea area) noexcept {
    return area_names[static_cast<std::size_t>(area)];
}

bool ContentCheck::holds(std::string_view value) const noexcept {
    switch (what) {
        case What::luhn:
            return has_luhn_digit(value);
        case What::iban:
            return is_iban(value);
        case What::social_security_number:
            return is_social_security_number(value);
        case What::github_checksum:
            return has_github_checksum(value);
        case What::web_token:
            return is_web_token(value);
        case What::entropy:
            return entropy_of(value) >= bits_min;
    }
    return false;
}

bool ContentRule::accepts(std::string_view match) const noexcept {
    return is_documented(match) ||
           std::all_of(checks.begin(), checks.end(),
                       [&](const ContentCheck& check) { return check.holds(value_of(match)); });
}

/// Blanks and hyphens between digits do not make another value.
bool ContentRule::is_documented(std::string_view match) const noexcept {
    const std::string_view value = value_of(match);
    const auto is_mark = [](char c) { return c == ' ' || c == '-'; };
    return std::any_of(documented.begin(), documented.end(), [&](std::string_view example) {
        std::size_t at = 0;
        for (const char c : value) {
            if (at < example.size() && example[at] == c) {
                ++at;
            } else if (!is_mark(c)) {
                return false;
            }
        }
        return at == example.size();
    });
}

ContentRule read_content_rule(const YamlNode& node, int next_line) {
    node.allow_only({"id",         "sid",         "kind",        "title",   "reference",
                     "weight",     "severity",    "pattern",     "search",  "caseless",
                     "hidden",     "at_least",    "value_bytes", "check",   "confirm",
                     "documented", "shows_first", "shows_last",  "matches", "spares"});
    ContentRule rule;
    rule.id = node.at("id").text();
    rule.sid = static_cast<std::uint32_t>(node.at("sid").integer(3000, 999'999'999));
    rule.kind = static_cast<ContentKind>(node.at("kind").one_of(kind_names));
    rule.title = node.at("title").text();
    rule.file = node.file();
    rule.line = node.line();
    rule.text = node.source(next_line);
    if (const auto reference = node.find("reference")) rule.reference = reference->text();
    read_weight(node.at("weight"), rule);
    if (const auto severity = node.find("severity"))
        rule.severity = static_cast<int>(severity->integer(1, 4));
    read_pattern(node, rule);
    rule.at_least = std::max(1U, count(node, "at_least", 1, 100'000));
    rule.value_bytes = count(node, "value_bytes", 0, 4096);
    rule.checks = read_checks(node, "check");
    rule.confirms = read_checks(node, "confirm");
    if (const auto documented = node.find("documented")) rule.documented = documented->texts();
    rule.shows_first = count(node, "shows_first", 0, 12);
    rule.shows_last = count(node, "shows_last", 0, 4);
    rule.matches = read_examples(node, "matches");
    rule.spares = read_examples(node, "spares");
    return rule;
}

ContentExample read_content_example(const YamlNode& node, bool finds) {
    if (finds) {
        node.allow_only({"in", "text", "category"});
    } else {
        node.allow_only({"in", "text"});
    }
    ContentExample example;
    example.line = node.line();
    example.area = static_cast<ContentArea>(node.at("in").one_of(area_names));
    example.text = node.at("text").text();
    if (finds) example.category = node.at("category").text();
    return example;
}

}  // namespace umbratap::detect
