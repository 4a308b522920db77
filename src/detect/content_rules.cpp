// Content rules are read, compiled, and held against their examples.
#include "detect/content_rules.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/files.h"
#include "detect/content_rules_state.h"

namespace umbratap::detect {
namespace {

constexpr std::size_t rules_max = 4096;

/// Compiles the patterns of these rules. `closely`: where a match begins is told, too. Throws
/// RuleError where one cannot be.
Database compile(const std::vector<ContentRule>& rules, const std::vector<std::uint16_t>& patterns,
                 bool closely, Databases& databases) {
    if (patterns.empty()) return nullptr;
    std::vector<Expression> expressions;
    for (const std::uint16_t number : patterns) {
        const ContentRule& rule = rules[number];
        expressions.push_back({closely ? rule.pattern : rule.search,
                               HS_FLAG_DOTALL | (rule.caseless ? HS_FLAG_CASELESS : 0U) |
                                   (closely ? HS_FLAG_SOM_LEFTMOST : 0U)});
    }
    try {
        return databases.find_or_compile(expressions, HS_MODE_BLOCK);
    } catch (const CompileError& error) {
        const ContentRule& rule =
            rules[patterns[error.which < 0 ? 0 : static_cast<std::size_t>(error.which)]];
        throw RuleError(rule.file + ":" + std::to_string(rule.line) + ": the pattern of '" +
                        rule.id + "': " + error.what());
    }
}

/// A message that holds `text` where those of `area` stand.
std::string message_with(ContentArea area, const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        if (static_cast<unsigned char>(c) < 0x20) {
            constexpr std::string_view digits = "0123456789abcdef";
            quoted += "\\u00";
            quoted += digits[static_cast<unsigned char>(c) >> 4];
            quoted += digits[static_cast<unsigned char>(c) & 15];
        } else {
            quoted += c;
        }
    }
    quoted += '"';
    if (area == ContentArea::definition)
        return R"({"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"t","description":)" + quoted +
               "}]}}";
    if (area == ContentArea::content)
        return R"({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":)" + quoted +
               "}]}}";
    return R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"a":)" + quoted +
           "}}}";
}

Batch<Finding> found_in(ContentRules::Inspector& inspector, ContentArea area,
                        const std::string& text) {
    Batch<Finding> findings;
    if (area == ContentArea::header || area == ContentArea::url) {
        http::Head head;
        head.target = "/mcp";
        if (area == ContentArea::header) {
            head.fields.add("mcp-param-a", text);
        } else {
            head.target += '?' + text;
        }
        inspector.inspect(head, findings);
        return findings;
    }
    static const mcp::Watch watch;
    mcp::Decoder decoder({}, watch, {.payloads = false, .strings = true});
    Batch<mcp::Message> messages;
    const std::string json = message_with(area, text);
    decoder.decode(as_bytes(json), false, messages);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        inspector.inspect(messages[i], decoder.strings(i),
                          area == ContentArea::arguments ? http::Direction::to_server
                                                         : http::Direction::to_client,
                          findings);
    }
    return findings;
}

std::string shortened(const std::string& text) {
    return text.size() <= 100 ? text : text.substr(0, 100) + "…";
}

}  // namespace

void ContentRules::State::read(const YamlNode& file) {
    const auto content = file.find("content");
    if (!content) return;
    file.allow_only({"content", "finds", "finds_nothing"});
    const std::vector<YamlNode> nodes = content->elements();
    int end = 0;  // line of the key behind `content`
    for (const YamlMember& member : file.members()) {
        const int line = member.key_node.line();
        if (line > content->line() && (end == 0 || line < end)) end = line;
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        ContentRule rule =
            read_content_rule(nodes[i], i + 1 < nodes.size() ? nodes[i + 1].line() : end);
        for (const ContentRule& other : rules) {
            const std::string where = other.file + ":" + std::to_string(other.line);
            if (other.id == rule.id) nodes[i].fail("the id '" + rule.id + "' is taken by " + where);
            if (other.sid == rule.sid)
                nodes[i].fail("the sid " + std::to_string(rule.sid) + " is taken by " + where);
        }
        if (rules.size() >= rules_max) nodes[i].fail("expected at most 4,096 content rules");
        const auto number = static_cast<std::uint16_t>(rules.size());
        (rule.hidden == ContentRule::Hidden::none     ? patterns
         : rule.hidden == ContentRule::Hidden::blanks ? blanks
                                                      : hidden)
            .push_back(number);
        if (rule.has_values()) valued.push_back(number);
        rules.push_back(std::move(rule));
    }
    if (const auto list = file.find("finds")) {
        for (const YamlNode& node : list->elements())
            finds.push_back({file.file(), read_content_example(node, true)});
    }
    if (const auto list = file.find("finds_nothing")) {
        for (const YamlNode& node : list->elements())
            finds_nothing.push_back({file.file(), read_content_example(node, false)});
    }
}

ContentRules::ContentRules(const std::string& directory, const std::string& cache_directory) {
    auto state = std::make_shared<State>();
    for (const std::string& name : list_directory(directory)) {
        if (!name.ends_with(".yaml")) continue;
        const YamlNode file = YamlNode::load((std::filesystem::path(directory) / name).string());
        if (file.is_mapping()) state->read(file);
    }
    Databases databases(cache_directory);
    state->search = compile(state->rules, state->patterns, false, databases);
    state->closely = compile(state->rules, state->valued, true, databases);
    state_ = std::move(state);
}

ContentRules::~ContentRules() = default;
ContentRules::ContentRules(ContentRules&&) noexcept = default;

const std::vector<ContentRule>& ContentRules::all() const noexcept {
    return state_->rules;
}

std::vector<std::string> ContentRules::check() const {
    std::vector<std::string> failures;
    Inspector inspector(*this);
    const auto complain = [&](const std::string& file, int line, const std::string& complaint,
                              const std::string& text) {
        failures.push_back(file + ":" + std::to_string(line) + ": " + complaint + ": " +
                           shortened(text));
    };
    for (const ContentRule& rule : state_->rules) {
        for (const auto& [line, text] : rule.matches) {
            if (!inspector.speaks(rule, text))
                complain(rule.file, line, rule.id + " should match", text);
        }
        for (const auto& [line, text] : rule.spares) {
            if (inspector.speaks(rule, text))
                complain(rule.file, line, rule.id + " should spare", text);
        }
    }
    for (const State::WholeExample& whole : state_->finds) {
        const ContentExample& example = whole.example;
        const Batch<Finding> found = found_in(inspector, example.area, example.text);
        if (std::none_of(found.begin(), found.end(), [&](const Finding& finding) {
                return finding.category == example.category;
            })) {
            complain(whole.file, example.line, "all rules together should find " + example.category,
                     example.text);
        }
    }
    for (const State::WholeExample& whole : state_->finds_nothing) {
        const ContentExample& example = whole.example;
        for (const Finding& finding : found_in(inspector, example.area, example.text)) {
            complain(whole.file, example.line,
                     "all rules together should find nothing, but find " + finding.category +
                         " by " + finding.rule,
                     example.text);
        }
    }
    return failures;
}

}  // namespace umbratap::detect
