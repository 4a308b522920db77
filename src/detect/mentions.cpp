// MCP servers that texts of other protocols name.
#include "detect/mentions.h"

#include <algorithm>
#include <array>
#include <map>

#include "detect/yaml.h"
#include "http/target.h"
#include "mcp/readable.h"

namespace umbratap::detect {
namespace {

constexpr std::size_t mentions_max = 64;  // in one text
constexpr std::size_t looks_max = 4096;   // at strings whose key a rule asks for
constexpr std::size_t near_by = 64;       // strings; objects that name a server are small
constexpr std::size_t shown_bytes_max = 200;
constexpr std::string_view local_prefix = "mcp__";

/// Where objects stand: `session.tools[]` is {"session", "tools", ""}; `*` is any key.
using Way = std::vector<std::string>;

Way read_way(const YamlNode& node) {
    Way way;
    std::string text = node.text();
    if (text == ".") return way;  // the top object
    std::size_t at = 0;
    while (at <= text.size()) {
        const std::size_t dot = std::min(text.find('.', at), text.size());
        std::string step = text.substr(at, dot - at);
        std::size_t elements = 0;
        for (; step.ends_with("[]"); step.resize(step.size() - 2)) ++elements;
        if (step.empty()) node.fail("expected keys between dots, `[]` behind those of arrays");
        way.push_back(step);
        for (; elements > 0; --elements) way.emplace_back();
        at = dot + 1;
    }
    return way;
}

struct Rule {
    Mention makes;  ///< what is the same in all that it finds
    std::string file, text;
    int line = 0;
    http::Direction direction = http::Direction::to_server;
    std::vector<Way> at;
    std::vector<std::string> url, id, name;                    ///< keys
    std::map<std::string, std::vector<std::string>> siblings;  ///< key → one of these
    bool local = false;  ///< `id` holds names of the shape mcp__SERVER__TOOL
    std::vector<std::pair<int, std::string>> matches, spares;
};

std::vector<std::string> texts_of(const YamlNode& rule, std::string_view key) {
    const auto node = rule.find(key);
    return node ? node->texts() : std::vector<std::string>();
}

std::vector<std::pair<int, std::string>> examples_of(const YamlNode& rule, std::string_view key) {
    std::vector<std::pair<int, std::string>> examples;
    for (const YamlNode& text : rule.at(key).elements())
        examples.emplace_back(text.line(), text.text());
    if (examples.empty()) rule.fail("expected at least one example in '" + std::string(key) + "'");
    return examples;
}

Rule read_rule(const YamlNode& node, int next_line) {
    node.allow_only({"id", "sid", "title", "reference", "category", "severity", "of", "at", "url",
                     "ids", "name", "siblings", "local", "matches", "spares"});
    Rule rule;
    rule.file = node.file();
    rule.line = node.line();
    rule.text = node.source(next_line);
    rule.makes.rule = node.at("id").text();
    rule.makes.signature_id = static_cast<std::uint32_t>(node.at("sid").integer(2500, 2899));
    rule.makes.title = node.at("title").text();
    if (const auto local = node.find("local")) rule.local = local->boolean();
    if (!rule.local) rule.makes.category = node.at("category").text();
    if (const auto severity = node.find("severity"))
        rule.makes.severity = static_cast<int>(severity->integer(1, 4));
    if (const auto of = node.find("of"); of && of->one_of({"request", "response"}) == 1)
        rule.direction = http::Direction::to_client;
    for (const YamlNode& way : node.at("at").elements_or_one()) rule.at.push_back(read_way(way));
    rule.url = texts_of(node, "url");
    rule.id = texts_of(node, "ids");
    rule.name = texts_of(node, "name");
    if (rule.url.empty() && rule.id.empty()) node.fail("expected 'url' or 'ids': keys");
    if (const auto siblings = node.find("siblings")) {
        for (const YamlMember& member : siblings->members())
            rule.siblings[member.key] = member.value.texts();
    }
    rule.matches = examples_of(node, "matches");
    rule.spares = examples_of(node, "spares");
    return rule;
}

bool holds(const std::vector<std::string>& keys, const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool stands_at(const Way& wanted, const Way& way) {
    return wanted.size() == way.size() &&
           std::equal(wanted.begin(), wanted.end(), way.begin(),
                      [](const std::string& asked, const std::string& step) {
                          return asked == "*" ? !step.empty() : asked == step;
                      });
}

/// Fills host, port, path and what may be shown. False if it is no URL of HTTP.
bool read_url(std::string_view url, Mention& mention) {
    const http::Target target = http::split_target(url);
    std::string scheme(target.scheme);
    for (char& c : scheme) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    if ((scheme != "http" && scheme != "https") || target.authority.empty()) return false;
    mention.host = http::host_of(target.authority);
    mention.path = target.path.empty() ? "/" : std::string(target.path.substr(0, shown_bytes_max));
    mention.tls = scheme == "https";
    mention.port = http::split_authority(target.authority)
                       .port.value_or(static_cast<std::uint16_t>(mention.tls ? 443 : 80));
    mention.shown = scheme + "://" + std::string(target.authority) + mention.path;
    return !mention.host.empty() && mention.shown.size() <= 2 * shown_bytes_max;
}

}  // namespace

struct Mentions::State {
    std::vector<Rule> rules;
};

struct Mentions::Finder::State {
    explicit State(std::shared_ptr<const Mentions::State> of) : mentions(std::move(of)) {}

    /// Strings of the same object, near by: those that say more about it.
    void look_around(std::size_t number);
    void look_at(const Rule& rule, std::size_t number, Batch<Mention>& out);
    bool has_one_of(std::size_t number, const std::vector<std::string>& keys) const;
    void add(Mention mention, Batch<Mention>& out) const;

    std::shared_ptr<const Mentions::State> mentions;
    mcp::JsonReader reader;
    mcp::ReadableStrings strings;
    std::vector<std::size_t> siblings;
    std::size_t told = 0;  // in `out` before this text
};

Mentions::Mentions(const std::string& directory) {
    auto state = std::make_shared<State>();
    const YamlNode file = YamlNode::load(directory + "/mentions.yaml");
    file.allow_only({"mentions"});
    const std::vector<YamlNode> nodes = file.at("mentions").elements();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        Rule rule = read_rule(nodes[i], i + 1 < nodes.size() ? nodes[i + 1].line() : 0);
        for (const Rule& other : state->rules) {
            if (other.makes.rule == rule.makes.rule) nodes[i].fail("the id is taken");
            if (other.makes.signature_id == rule.makes.signature_id)
                nodes[i].fail("the sid is taken by '" + other.makes.rule + "'");
        }
        state->rules.push_back(std::move(rule));
    }
    state_ = std::move(state);
}

Mentions::~Mentions() = default;
Mentions::Mentions(Mentions&&) noexcept = default;

std::vector<Mentions::Info> Mentions::all() const {
    std::vector<Info> infos;
    for (const Rule& rule : state_->rules) {
        infos.push_back({rule.makes.rule, rule.makes.title, rule.file, rule.text,
                         rule.makes.signature_id, rule.line,
                         rule.matches.size() + rule.spares.size()});
    }
    return infos;
}

std::vector<std::string> Mentions::check() const {
    std::vector<std::string> failures;
    Finder finder(*this);
    for (const Rule& rule : state_->rules) {
        const auto speaks = [&](const std::string& text) {
            Batch<Mention> found;
            if (Finder::perhaps(as_bytes(text))) finder.find(as_bytes(text), rule.direction, found);
            return std::any_of(found.begin(), found.end(), [&](const Mention& mention) {
                return mention.rule == rule.makes.rule;
            });
        };
        const auto complain = [&](int line, std::string_view should, const std::string& text) {
            failures.push_back(rule.file + ":" + std::to_string(line) + ": " + rule.makes.rule +
                               std::string(should) + text.substr(0, 100));
        };
        for (const auto& [line, text] : rule.matches) {
            if (!speaks(text)) complain(line, " should match: ", text);
        }
        for (const auto& [line, text] : rule.spares) {
            if (speaks(text)) complain(line, " should spare: ", text);
        }
    }
    return failures;
}

Mentions::Finder::Finder(const Mentions& mentions)
    : state_(std::make_unique<State>(mentions.state_)) {}
Mentions::Finder::~Finder() = default;
Mentions::Finder::Finder(Finder&&) noexcept = default;
Mentions::Finder& Mentions::Finder::operator=(Finder&&) noexcept = default;

bool Mentions::Finder::perhaps(Bytes bytes) noexcept {
    const std::string_view text = as_text(bytes);
    const auto first = std::find_if(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<std::uint8_t>(c);  // controls are mended, a mark may begin it
        return byte > ' ' && byte != 0xef && byte != 0xbb && byte != 0xbf;
    });
    if (first == text.end() || *first != '{') return false;
    constexpr std::array<std::string_view, 5> anchors = {"mcp", "Mcp", "MCP", "\\u00", "jsonrpc"};
    return std::any_of(anchors.begin(), anchors.end(), [&](std::string_view anchor) {
        return text.find(anchor) != std::string_view::npos;
    });
}

void Mentions::Finder::State::add(Mention mention, Batch<Mention>& out) const {
    for (std::size_t i = told; i < out.size(); ++i) {
        if (out[i].rule == mention.rule && out[i].shown == mention.shown) {
            out[i].tools += mention.tools;
            return;
        }
    }
    if (out.size() - told < mentions_max) out.push_back(std::move(mention));
}

bool Mentions::Finder::State::has_one_of(std::size_t number,
                                         const std::vector<std::string>& keys) const {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const std::string& key) { return strings.has_key(number, key); });
}

void Mentions::Finder::State::look_around(std::size_t number) {
    siblings.clear();
    const std::size_t first = number > near_by ? number - near_by : 0;
    const std::size_t end = std::min(strings.size(), number + near_by);
    for (std::size_t i = first; i < end; ++i) {
        if (strings.container(i) == strings.container(number)) siblings.push_back(i);
    }
}

void Mentions::Finder::State::look_at(const Rule& rule, std::size_t number, Batch<Mention>& out) {
    const Way way = strings.way_to_container(strings.container(number));
    if (std::none_of(rule.at.begin(), rule.at.end(),
                     [&](const Way& wanted) { return stands_at(wanted, way); }))
        return;
    look_around(number);
    for (const auto& wanted : rule.siblings) {
        if (std::none_of(siblings.begin(), siblings.end(), [&](std::size_t sibling) {
                return strings.has_key(sibling, wanted.first) &&
                       holds(wanted.second, std::string(strings.value(sibling)));
            }))
            return;
    }
    Mention mention = rule.makes;
    for (const std::size_t sibling : siblings) {
        if (has_one_of(sibling, rule.name))
            mention.name = strings.value(sibling).substr(0, shown_bytes_max);
    }
    const std::string_view value = strings.value(number);
    if (rule.local) {
        const std::size_t end = value.find("__", local_prefix.size());
        if (!value.starts_with(local_prefix) || end == std::string_view::npos ||
            end == local_prefix.size() || end > shown_bytes_max)
            return;
        mention.name = value.substr(local_prefix.size(), end - local_prefix.size());
        mention.shown = mention.name;
        mention.tools = 1;
    } else if (has_one_of(number, rule.url)) {
        if (!read_url(value, mention)) return;
    } else {
        mention.shown = value.substr(0, shown_bytes_max);
        if (mention.name.empty()) mention.name = mention.shown;
    }
    mention.where = strings.place(number);
    add(std::move(mention), out);
}

void Mentions::Finder::find(Bytes text, http::Direction direction, Batch<Mention>& out) {
    State& state = *state_;
    if (!state.reader.read(text, state.strings)) return;
    state.told = out.size();
    std::size_t looks = 0;
    for (std::size_t number = 0; number < state.strings.size(); ++number) {
        for (const Rule& rule : state.mentions->rules) {
            if (rule.direction != direction ||
                (!state.has_one_of(number, rule.url) && !state.has_one_of(number, rule.id)))
                continue;
            if (++looks > looks_max) return;
            state.look_at(rule, number, out);
        }
    }
}

}  // namespace umbratap::detect
