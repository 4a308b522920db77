// The definition of a tool in one spelling.
#include "mcp/definition.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "mcp/json_text.h"

namespace umbratap::mcp {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t depth_max = 64;
constexpr std::size_t leaves_max = 4096;  // compared; what lies behind is one difference more
constexpr std::size_t shown_max = 120;    // bytes of a value
constexpr std::array<std::string_view, 6> known = {"annotations", "description",  "inputSchema",
                                                   "name",        "outputSchema", "title"};

/// One per thread: parsing needs memory that is dear to get.
dom::parser& parser() {
    thread_local dom::parser one;
    return one;
}

/// Null if it is no JSON, or nested too deep.
bool parse(std::string_view text, dom::element& out) {
    const simdjson::padded_string padded(text);
    // The document lives in the parser until the next call.
    return parser().allocate(padded.size(), depth_max) == simdjson::SUCCESS &&
           parser().parse(padded).get(out) == simdjson::SUCCESS;
}

void append_scalar(dom::element value, std::string& out) {
    switch (value.type()) {
        case dom::element_type::STRING:
            append_json_string(out, std::string_view(value));
            return;
        case dom::element_type::INT64:
            out += std::to_string(std::int64_t(value));
            return;
        case dom::element_type::UINT64:
            out += std::to_string(std::uint64_t(value));
            return;
        case dom::element_type::DOUBLE: {
            char digits[32];
            const auto end = std::to_chars(digits, digits + sizeof digits, double(value)).ptr;
            out.append(digits, end);
            return;
        }
        case dom::element_type::BOOL:
            out += bool(value) ? "true" : "false";
            return;
        default:
            out += "null";
    }
}

using Member = std::pair<std::string_view, dom::element>;

/// In the order of keys; of several with one key the last.
std::vector<Member> members_of(dom::object object) {
    std::vector<Member> members;
    for (const auto member : object) members.emplace_back(member.key, member.value);
    std::stable_sort(members.begin(), members.end(),
                     [](const Member& a, const Member& b) { return a.first < b.first; });
    const auto last_ones =
        std::unique(members.rbegin(), members.rend(),
                    [](const Member& a, const Member& b) { return a.first == b.first; });
    members.erase(members.begin(), last_ones.base());
    return members;
}

void append(dom::element value, std::string& out) {  // as deep as the parser let it be
    if (value.type() == dom::element_type::OBJECT) {
        out += '{';
        bool first = true;
        for (const Member& member : members_of(value)) {
            if (!std::exchange(first, false)) out += ',';
            append_json_string(out, member.first);
            out += ':';
            append(member.second, out);
        }
        out += '}';
    } else if (value.type() == dom::element_type::ARRAY) {
        out += '[';
        bool first = true;
        for (const dom::element element : dom::array(value)) {
            if (!std::exchange(first, false)) out += ',';
            append(element, out);
        }
        out += ']';
    } else {
        append_scalar(value, out);
    }
}

std::string chosen_members(std::string_view definition, bool with_name) {
    dom::element root;
    if (!parse(definition, root) || root.type() != dom::element_type::OBJECT) return {};
    std::string out = "{";
    for (const Member& member : members_of(root)) {
        if (std::find(known.begin(), known.end(), member.first) == known.end()) continue;
        if (!with_name && member.first == "name") continue;
        if (out.size() > 1) out += ',';
        append_json_string(out, member.first);
        out += ':';
        append(member.second, out);
    }
    out += '}';
    return out;
}

using Leaves = std::map<std::string, std::string>;

void collect(dom::element value, const std::string& pointer, Leaves& leaves) {
    if (leaves.size() >= leaves_max) return;
    if (value.type() == dom::element_type::OBJECT) {
        const std::vector<Member> members = members_of(value);
        if (members.empty()) leaves[pointer] = "{}";
        for (const Member& member : members) {
            std::string step = pointer + '/';
            for (const char c : member.first)
                step += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
            collect(member.second, step, leaves);
        }
    } else if (value.type() == dom::element_type::ARRAY) {
        std::size_t number = 0;
        for (const dom::element element : dom::array(value))
            collect(element, pointer + '/' + std::to_string(number++), leaves);
        if (number == 0) leaves[pointer] = "[]";
    } else {
        std::string text;
        if (value.type() == dom::element_type::STRING) {
            text = std::string_view(value);
        } else {
            append_scalar(value, text);
        }
        leaves[pointer] = std::move(text);
    }
}

Leaves leaves_of(std::string_view canonical) {
    Leaves leaves;
    dom::element root;
    if (parse(canonical, root)) collect(root, "", leaves);
    return leaves;
}

bool is_inside_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// At most `shown_max` bytes from `begin`, whole characters, marks where something is left out.
std::string shown(const std::string& text, std::size_t begin) {
    while (begin > 0 && begin < text.size() && is_inside_character(text[begin])) --begin;
    std::size_t end = std::min(text.size(), begin + shown_max);
    while (end > begin && end < text.size() && is_inside_character(text[end])) --end;
    return (begin > 0 ? "…" : "") + text.substr(begin, end - begin) +
           (end < text.size() ? "…" : "");
}

Difference change_of(const std::string& pointer, const std::string& before,
                     const std::string& after) {
    const auto same = std::mismatch(before.begin(), before.end(), after.begin(), after.end());
    auto begin = static_cast<std::size_t>(same.first - before.begin());
    begin -= std::min<std::size_t>(begin, 16);  // a few words of what is the same
    return {Difference::Kind::changed, pointer, shown(before, begin), shown(after, begin)};
}

}  // namespace

std::string canonical_definition(std::string_view definition) {
    return chosen_members(definition, true);
}

std::string nameless_definition(std::string_view canonical) {
    return chosen_members(canonical, false);
}

std::vector<Difference> differences(std::string_view before, std::string_view after,
                                    std::size_t max) {
    const Leaves old = leaves_of(before), now = leaves_of(after);
    std::vector<Difference> found;
    auto a = old.begin();
    auto b = now.begin();
    while (found.size() < max && (a != old.end() || b != now.end())) {
        if (b == now.end() || (a != old.end() && a->first < b->first)) {
            found.push_back({Difference::Kind::removed, a->first, shown(a->second, 0), {}});
            ++a;
        } else if (a == old.end() || b->first < a->first) {
            found.push_back({Difference::Kind::added, b->first, {}, shown(b->second, 0)});
            ++b;
        } else {
            if (a->second != b->second) found.push_back(change_of(a->first, a->second, b->second));
            ++a;
            ++b;
        }
    }
    return found;
}

}  // namespace umbratap::mcp
