// Versions of software.
#include "detect/version.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace umbratap::detect {
namespace {

constexpr std::size_t version_bytes_max = 64;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

bool is_number(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// Identifiers between dots and hyphens; letters and digits that follow each other ("rc2", "a1")
/// are two.
std::vector<std::string> identifiers(std::string_view text) {
    std::vector<std::string> parts;
    for (const char c : text) {
        const bool separator = c == '.' || c == '-' || c == '_';
        if (separator) {
            parts.emplace_back();
            continue;
        }
        const bool turns =
            !parts.empty() && !parts.back().empty() && is_digit(parts.back().back()) != is_digit(c);
        if (parts.empty() || turns) parts.emplace_back();
        parts.back() += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    std::erase(parts, std::string());
    return parts;
}

std::strong_ordering compare(const std::string& a, const std::string& b) {
    if (is_number(a) && is_number(b)) return a.size() != b.size() ? a.size() <=> b.size() : a <=> b;
    if (is_number(a) != is_number(b))
        return is_number(a) ? std::strong_ordering::less : std::strong_ordering::greater;
    return a <=> b;
}

}  // namespace

std::optional<Version> Version::read(std::string_view text) {
    text = text.substr(0, text.find('+'));
    if (text.starts_with('v') || text.starts_with('V')) text.remove_prefix(1);
    if (text.empty() || text.size() > version_bytes_max || !is_digit(text.front())) return {};
    Version version;
    std::size_t at = 0;
    while (at < text.size() && is_digit(text[at])) {
        std::uint64_t number = 0;
        const auto [end, error] =
            std::from_chars(text.data() + at, text.data() + text.size(), number);
        if (error != std::errc()) return {};
        version.numbers.push_back(number);
        at = static_cast<std::size_t>(end - text.data());
        if (at + 1 >= text.size() || text[at] != '.' || !is_digit(text[at + 1])) break;
        ++at;
    }
    const std::string_view rest = text.substr(at);
    if (std::any_of(rest.begin(), rest.end(), [](char c) {
            return !is_digit(c) && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '.' &&
                   c != '-' && c != '_';
        }))
        return {};
    version.before = identifiers(rest);
    while (!version.numbers.empty() && version.numbers.back() == 0) version.numbers.pop_back();
    return version;
}

std::strong_ordering operator<=>(const Version& a, const Version& b) {
    if (const auto order = a.numbers <=> b.numbers; order != 0) return order;
    if (a.before.empty() != b.before.empty())
        return a.before.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
    for (std::size_t i = 0; i < a.before.size() && i < b.before.size(); ++i) {
        if (const auto order = compare(a.before[i], b.before[i]); order != 0) return order;
    }
    return a.before.size() <=> b.before.size();
}

std::optional<VersionRange> VersionRange::read(std::string_view text) {
    VersionRange range;
    std::istringstream words{std::string(text)};
    bool any = false;
    for (std::string word; words >> word; any = true) {
        if (word == "*") continue;
        const std::size_t end = word.find_first_not_of("<>=");
        if (end == 0 || end == std::string::npos) return {};
        const std::string sign = word.substr(0, end);
        const std::optional<Version> version = Version::read(word.substr(end));
        if (!version) return {};
        Relation relation;
        if (sign == "<") {
            relation = Relation::less;
        } else if (sign == "<=") {
            relation = Relation::less_or_equal;
        } else if (sign == "=" || sign == "==") {
            relation = Relation::equal;
        } else if (sign == ">=") {
            relation = Relation::greater_or_equal;
        } else if (sign == ">") {
            relation = Relation::greater;
        } else {
            return {};
        }
        range.bounds_.push_back({relation, *version});
    }
    return any ? std::optional(range) : std::nullopt;
}

bool VersionRange::holds(const Version& version) const {
    return std::all_of(bounds_.begin(), bounds_.end(), [&](const Bound& bound) {
        const auto order = version <=> bound.version;
        switch (bound.relation) {
            case Relation::less:
                return order < 0;
            case Relation::less_or_equal:
                return order <= 0;
            case Relation::equal:
                return order == 0;
            case Relation::greater_or_equal:
                return order >= 0;
            case Relation::greater:
                return order > 0;
        }
        return false;
    });
}

}  // namespace umbratap::detect
