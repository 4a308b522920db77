// Messages that are written so that different readers read them differently.
#include "detect/evasions.h"

#include <algorithm>
#include <array>

#include "detect/header_value.h"
#include "detect/rule.h"

namespace umbratap::detect {
namespace {

/// What an evasion rule sees.
enum class Trick : std::uint8_t {
    method_header,     ///< Mcp-Method names another method
    name_header,       ///< Mcp-Name names another tool, prompt or resource
    parameter_header,  ///< Mcp-Param-* carries another value than the argument of that name
    version_header,    ///< MCP-Protocol-Version and `_meta` name different revisions
    duplicate_key,     ///< see mcp::Oddities
    folded_key,
    escaped_name,
    wide_encoding,  ///< UTF-16 or UTF-32
    problem,        ///< something wrong with the traffic that carries the message
};

constexpr std::array<std::string_view, 9> trick_names = {
    "method-header", "name-header",  "parameter-header", "version-header", "duplicate-key",
    "folded-key",    "escaped-name", "wide-encoding",    "problem"};
constexpr std::size_t shown_bytes_max = 64;

/// Where a trick is seen, and what; empty where it is not.
struct Seen {
    std::string where, what;
};

std::string shown(std::string_view text) {
    std::string out(text.substr(0, shown_bytes_max));
    while (!out.empty() && (out.back() & 0xc0) == 0x80) out.pop_back();
    return out;
}

std::string differ(std::string_view header, std::string_view body) {
    return shown(header) + " ≠ " + shown(body);
}

Seen see_method_header(const mcp::Message& message, const http::Head& request) {
    const std::string_view header = request.fields.find("mcp-method");
    if (header.empty() || message.batch || header == message.method) return {};
    return {"request.header.mcp-method", differ(header, message.method)};
}

Seen see_name_header(const mcp::Message& message, const http::Head& request) {
    const std::string_view sent = request.fields.find("mcp-name");
    const std::string& named = !message.tool.empty()     ? message.tool
                               : !message.prompt.empty() ? message.prompt
                                                         : message.resource_uri;
    if (sent.empty() || named.empty() || message.batch) return {};
    const std::string header = header_value(sent);
    if (header == named) return {};
    return {"request.header.mcp-name", differ(header, named)};
}

/// A tool may name its header otherwise than its argument; then there is nothing to compare.
Seen see_parameter_header(const mcp::Message& message, const mcp::ReadableStrings& strings,
                          const http::Head& request) {
    constexpr std::string_view prefix = "mcp-param-";
    if (message.method != "tools/call" || message.batch) return {};
    for (std::size_t i = 0; i < request.fields.size(); ++i) {
        const std::string_view name = request.fields.name(i);
        if (!name.starts_with(prefix)) continue;
        const std::size_t argument = strings.find_argument(name.substr(prefix.size()));
        if (argument == strings.size()) continue;
        const std::string header = header_value(request.fields.value(i));
        if (header == strings.value(argument)) continue;
        // Values may be anything, secrets too: that they differ is enough.
        return {"request.header." + shown(name),
                std::string(name) + " ≠ " + strings.place(argument)};
    }
    return {};
}

Seen see_version_header(const mcp::Message& message, const http::Head& request) {
    const std::string_view header = request.fields.find("mcp-protocol-version");
    if (header.empty() || message.protocol_version.empty() || message.method == "initialize" ||
        header == message.protocol_version)
        return {};
    return {"request.header.mcp-protocol-version", differ(header, message.protocol_version)};
}

Seen see(Trick trick, const mcp::Message& message, const mcp::ReadableStrings& strings,
         const http::Head* request) {
    const bool has_method = !message.method.empty() && request != nullptr;
    switch (trick) {
        case Trick::method_header:
            return has_method ? see_method_header(message, *request) : Seen{};
        case Trick::name_header:
            return has_method ? see_name_header(message, *request) : Seen{};
        case Trick::parameter_header:
            return has_method ? see_parameter_header(message, strings, *request) : Seen{};
        case Trick::version_header:
            return has_method ? see_version_header(message, *request) : Seen{};
        case Trick::duplicate_key:
            if (!message.oddities.duplicate_key) return {};
            return {"message", message.other_method.empty()
                                   ? std::string("a key twice")
                                   : differ(message.other_method, message.method)};
        case Trick::folded_key:
            return message.oddities.folded_key ? Seen{"message", shown(message.method)} : Seen{};
        case Trick::escaped_name:
            return message.oddities.escaped_name ? Seen{"message", shown(message.method)} : Seen{};
        case Trick::wide_encoding:
            return message.oddities.utf_16 ? Seen{"message", shown(message.method)} : Seen{};
        case Trick::problem:
            return {};
    }
    return {};
}

struct EvasionRule {
    Finding makes;  ///< but for place and excerpt
    Evasions::Info info;
    Trick trick = Trick::problem;
    std::vector<std::string> problems;
    std::vector<Example> matches, spares;
};

EvasionRule read_rule(const YamlNode& node, int next_line) {
    node.allow_only(
        {"id", "sid", "title", "reference", "severity", "sees", "problems", "matches", "spares"});
    EvasionRule rule;
    rule.info.id = node.at("id").text();
    rule.info.title = node.at("title").text();
    rule.info.file = node.file();
    rule.info.line = node.line();
    rule.info.text = node.source(next_line);
    rule.info.sid = static_cast<std::uint32_t>(node.at("sid").integer(2100, 2199));
    rule.makes.category = "evasion";
    rule.makes.rule = rule.info.id;
    rule.makes.title = rule.info.title;
    rule.makes.signature_id = rule.info.sid;
    if (const auto severity = node.find("severity"))
        rule.makes.severity = static_cast<int>(severity->integer(1, 4));
    rule.trick = static_cast<Trick>(node.at("sees").one_of(trick_names));
    const bool by_problem = rule.trick == Trick::problem;
    if (by_problem != node.find("problems").has_value())
        node.fail("expected 'problems' with 'sees: problem', and only there");
    if (by_problem) {
        rule.problems = node.at("problems").texts();
        return rule;
    }
    for (const YamlNode& example : node.at("matches").elements())
        rule.matches.push_back(read_example(example));
    for (const YamlNode& example : node.at("spares").elements())
        rule.spares.push_back(read_example(example));
    if (rule.matches.empty() || rule.spares.empty())
        node.fail("expected at least one example in 'matches' and in 'spares'");
    rule.info.examples = rule.matches.size() + rule.spares.size();
    return rule;
}

/// Whether the rule is among those that see something in the example.
bool speaks(const Evasions& evasions, const EvasionRule& rule, const Example& example) {
    static const mcp::Watch watch;
    mcp::Decoder decoder({}, watch, {.payloads = false, .strings = true});
    Batch<mcp::Message> messages;
    decoder.decode(as_bytes(example.text), false, messages);
    Batch<Finding> found;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        evasions.find(messages[i], decoder.strings(i),
                      example.has_request ? &example.request : nullptr, found);
    }
    return std::any_of(found.begin(), found.end(),
                       [&](const Finding& finding) { return finding.rule == rule.info.id; });
}

}  // namespace

struct Evasions::State {
    std::vector<EvasionRule> rules;
};

Evasions::Evasions(const std::string& directory) {
    auto state = std::make_shared<State>();
    const YamlNode file = YamlNode::load(directory + "/evasions.yaml");
    file.allow_only({"evasions"});
    const std::vector<YamlNode> nodes = file.at("evasions").elements();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        EvasionRule rule = read_rule(nodes[i], i + 1 < nodes.size() ? nodes[i + 1].line() : 0);
        for (const EvasionRule& other : state->rules) {
            if (other.info.id == rule.info.id || other.info.sid == rule.info.sid)
                nodes[i].fail("the id or the sid is taken by '" + other.info.id + "'");
        }
        state->rules.push_back(std::move(rule));
    }
    state_ = std::move(state);
}

void Evasions::find(const mcp::Message& message, const mcp::ReadableStrings& strings,
                    const http::Head* request, Batch<Finding>& out) const {
    for (const EvasionRule& rule : state_->rules) {
        Seen seen = see(rule.trick, message, strings, request);
        if (seen.where.empty()) continue;
        Finding& finding = out.emplace_back(rule.makes);
        finding.where = std::move(seen.where);
        finding.excerpt = std::move(seen.what);
    }
}

const Finding* Evasions::find_problem(std::string_view name) const noexcept {
    for (const EvasionRule& rule : state_->rules) {
        if (std::find(rule.problems.begin(), rule.problems.end(), name) != rule.problems.end())
            return &rule.makes;
    }
    return nullptr;
}

std::vector<Evasions::Info> Evasions::all() const {
    std::vector<Info> infos;
    for (const EvasionRule& rule : state_->rules) infos.push_back(rule.info);
    return infos;
}

std::vector<std::string> Evasions::check() const {
    std::vector<std::string> failures;
    for (const EvasionRule& rule : state_->rules) {
        const auto complain = [&](const Example& example, std::string_view should) {
            failures.push_back(rule.info.file + ":" + std::to_string(example.line) + ": " +
                               rule.info.id + std::string(should));
        };
        for (const Example& example : rule.matches) {
            if (!speaks(*this, rule, example)) complain(example, " should match");
        }
        for (const Example& example : rule.spares) {
            if (speaks(*this, rule, example)) complain(example, " should spare");
        }
    }
    return failures;
}

}  // namespace umbratap::detect
