// Evidence rules, and how they are weighed.
//
// A message is held against few rules only: those without a method that speak of its kind, and
// those that name its method. Each condition then is a look at one fact by number. Rules about
// heads alone are few, and are held against the heads of every exchange.
#include "detect/rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <set>
#include <system_error>
#include <unordered_map>

#include "base/files.h"
#include "detect/rules_state.h"
#include "http/target.h"

namespace umbratap::detect {

namespace {

using mcp::JsonType;

constexpr std::size_t pointers_max = 255;
constexpr std::size_t rules_max = 32'768;     // retired ones included
constexpr std::size_t text_bytes_max = 2048;  // of text.data that conditions look at

constexpr std::array<std::string_view, 4> text_kinds = {"body", "event", "websocket", "line"};

/// The path of a request target (RFC 9112, 3.2): of "/mcp?x=1" and "http://host/mcp" alike "/mcp".
std::string_view path_of(std::string_view target) noexcept {
    if (const std::size_t scheme = target.find("://");
        scheme != std::string_view::npos && !target.starts_with('/')) {
        const std::size_t slash = target.find_first_of("/?#", scheme + 3);
        target = slash == std::string_view::npos ? std::string_view() : target.substr(slash);
    }
    return target.substr(0, target.find_first_of("?#"));
}

bool header_holds(const HeadFacts& head, const AroundCondition& around) noexcept {
    if (!around.is_prefix()) {
        const JsonType type = head.has(around.number) ? JsonType::string : JsonType::absent;
        return around.condition.holds(type, head.value(around.number));
    }
    const std::string_view start =
        std::string_view(around.header).substr(0, around.header.size() - 1);
    bool any = false;
    const std::size_t fields = head.head() == nullptr ? 0 : head.head()->fields.size();
    for (std::size_t i = 0; i < fields; ++i) {
        if (!head.head()->fields.name(i).starts_with(start)) continue;
        any = true;
        if (around.condition.holds(JsonType::string, head.head()->fields.value(i))) return true;
    }
    return !any && around.condition.holds(JsonType::absent, {});
}

/// What surrounds a message, read once for all rules.
struct Around {
    Around(const Surroundings& surroundings, const WatchedHeaders& watched) noexcept
        : there(surroundings),
          request(surroundings.request, watched),
          response(surroundings.response, watched) {}
    /// For rules that ask about parts of the URL.
    void read_url() {
        if (there.request == nullptr) return;
        host = http::host_of(there.request->authority);
        query = http::form_decoded(http::split_target(there.request->target).query);
    }
    const Surroundings& there;
    HeadFacts request, response;
    std::string host, query;
};

bool around_holds(const AroundCondition& around, const Around& all,
                  std::string_view data) noexcept {
    const Surroundings& there = all.there;
    const Condition& condition = around.condition;
    const auto text = [&](bool known, std::string_view value) {
        return condition.holds(known ? JsonType::string : JsonType::absent, value);
    };
    switch (around.place) {
        case Place::request_header:
            return header_holds(all.request, around);
        case Place::response_header:
            return header_holds(all.response, around);
        case Place::request_method:
            return text(there.request != nullptr,
                        there.request ? there.request->method : std::string_view());
        case Place::request_path:
            return text(there.request != nullptr,
                        there.request ? path_of(there.request->target) : std::string_view());
        case Place::request_host:
            return text(there.request != nullptr && !there.request->authority.empty(), all.host);
        case Place::request_query:
            return text(there.request != nullptr && !all.query.empty(), all.query);
        case Place::response_status: {
            if (there.response == nullptr) return text(false, {});
            const unsigned status = there.response->status;
            const char digits[] = {static_cast<char>('0' + status / 100 % 10),
                                   static_cast<char>('0' + status / 10 % 10),
                                   static_cast<char>('0' + status % 10)};
            return text(true, {digits, 3});
        }
        case Place::text_kind:
            return text(true, text_kinds[static_cast<std::size_t>(there.kind)]);
        case Place::text_event:
            return text(there.kind == http::TextKind::event,
                        there.event_name.empty() ? "message" : there.event_name);
        case Place::text_data:
            return text(true, data.substr(0, text_bytes_max));
    }
    return false;
}

bool all_around_hold(const Rule& rule, const Around& there, std::string_view data) noexcept {
    return std::all_of(rule.around.begin(), rule.around.end(), [&](const AroundCondition& around) {
        return around_holds(around, there, data);
    });
}

/// Facts of a message by number of their pointer.
class FactTable {
public:
    explicit FactTable(const mcp::Message& message) noexcept : facts_(message.facts) {
        for (std::size_t i = 0; i < facts_.size() && i < 255; ++i) {
            if (facts_[i].pointer < places_.size())
                places_[facts_[i].pointer] = static_cast<std::uint8_t>(i + 1);
        }
    }
    bool holds(const PointerCondition& asked) const noexcept {
        const std::uint8_t place = places_[asked.pointer];
        if (place == 0) return asked.condition.holds(JsonType::absent, {});
        const mcp::Fact& fact = facts_[place - 1U];
        return asked.condition.holds(fact.type, fact.value);
    }

private:
    const std::vector<mcp::Fact>& facts_;
    std::array<std::uint8_t, pointers_max + 1> places_{};  // 1 + index; 0: absent
};

class Weighing {
public:
    void add(std::uint16_t number, const Rule& rule) {
        evidence_.rules.push_back(number);
        doubt_ *= 1.0 - rule.info.weight / 100.0;
    }
    Evidence finish() {
        // Rules were looked at index by index; they are told, and their product taken, in one
        // order.
        std::sort(evidence_.rules.begin(), evidence_.rules.end());
        evidence_.confidence = static_cast<std::uint8_t>(std::lround(100.0 * (1.0 - doubt_)));
        return std::move(evidence_);
    }

private:
    Evidence evidence_;
    double doubt_ = 1.0;
};

std::vector<std::string> yaml_files(const std::string& directory) {
    try {
        std::vector<std::string> files;
        for (const std::string& name : list_directory(directory)) {
            if (name.ends_with(".yaml"))
                files.push_back((std::filesystem::path(directory) / name).string());
        }
        return files;
    } catch (const std::system_error& error) {
        throw RuleError(directory +
                        ":1: expected a directory of rule files: " + error.code().message());
    }
}

}  // namespace

void Rules::State::read(const YamlNode& file, Databases& databases) {
    Reading reading{read_lists(file), watch, databases};
    const auto told_alone = file.find("signs");
    const auto evidence = told_alone ? told_alone : file.find("evidence");
    if (!evidence) {
        // Files about other things have other keys; a slip of the pen must not switch rules off in
        // silence.
        constexpr std::array<std::string_view, 2> key = {"evidence", "signs"};
        for (const YamlMember& member : file.members()) {
            if (const std::string hint = suggestion(member.key, key); !hint.empty()) {
                member.key_node.fail("unknown key '" + member.key + "'" + hint);
            }
        }
        return;
    }
    if (told_alone) {
        file.allow_only({"lists", "signs"});
    } else {
        file.allow_only({"lists", "evidence", "confirms", "never_confirms"});
    }
    const std::vector<YamlNode> nodes = evidence->elements();
    int end = 0;  // line of the key behind `evidence`, 0 where there is none
    for (const YamlMember& member : file.members()) {
        const int line = member.key_node.line();
        if (line > evidence->line() && (end == 0 || line < end)) end = line;
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const int next = i + 1 < nodes.size() ? nodes[i + 1].line() : end;
        Rule rule = read_rule(nodes[i], reading, next);
        if (rule.category.empty() == told_alone.has_value())
            nodes[i].fail(told_alone ? "expected a category" : "a category belongs under 'signs'");
        for (const Rule& other : rules) {
            const std::string where = other.info.file + ":" + std::to_string(other.info.line);
            if (other.info.id == rule.info.id)
                nodes[i].fail("the id '" + rule.info.id + "' is taken by " + where);
            if (other.info.sid == rule.info.sid)
                nodes[i].fail("the sid " + std::to_string(rule.info.sid) + " is taken by " + where);
        }
        if (watch.size() > pointers_max)
            nodes[i].fail("expected at most 255 different JSON pointers in all rules");
        try {
            for (AroundCondition& around : rule.around) {
                if (!around.header.empty() && !around.is_prefix())
                    around.number = headers.add(around.header);
            }
        } catch (const std::length_error& too_many) {
            nodes[i].fail(too_many.what());
        }
        rules.push_back(std::move(rule));
    }
    const auto read_examples = [&](std::string_view key, std::vector<WholeExample>& examples) {
        if (const auto list = file.find(key)) {
            for (const YamlNode& node : list->elements())
                examples.push_back({file.file(), read_example(node)});
        }
    };
    read_examples("confirms", confirms);
    read_examples("never_confirms", never_confirms);
}

void Rules::State::keep_numbers(const State& before) {
    std::vector<Rule> placed(before.rules.size());
    for (std::size_t number = 0; number < placed.size(); ++number) {
        placed[number].info = before.rules[number].info;
        placed[number].retired = true;
    }
    for (Rule& rule : rules) {
        const auto known = std::find_if(placed.begin(), placed.end(), [&](const Rule& other) {
            return other.info.id == rule.info.id;
        });
        if (known != placed.end()) {
            *known = std::move(rule);
        } else {
            placed.push_back(std::move(rule));
        }
    }
    rules = std::move(placed);
    if (rules.size() > rules_max) {
        throw RuleError(rules.back().info.file + ":" + std::to_string(rules.back().info.line) +
                        ": too many rules came and went since the start; start anew");
    }
}

void Rules::State::index() {
    for (std::uint16_t number = 0; number < rules.size(); ++number) {
        const Rule& rule = rules[number];
        infos.push_back(rule.info);
        if (rule.retired) continue;
        if (!rule.category.empty()) {
            signs.push_back(number);
        } else if (rule.scope == Scope::heads) {
            by_heads.push_back(number);
        } else if (rule.scope == Scope::event) {
            by_event.push_back(number);
        } else if (!rule.methods.empty()) {
            for (const std::string& method : rule.methods) by_method[method].push_back(number);
        } else {
            for (std::size_t kind = 0; kind < by_kind.size(); ++kind) {
                if (rule.kinds == 0 || (rule.kinds >> kind & 1) != 0)
                    by_kind[kind].push_back(number);
            }
        }
    }
}

Rules::Rules(const std::string& directory, const std::string& cache_directory, const Rules* before)
    : state_(std::make_unique<State>()) {
    Databases databases(cache_directory);
    for (const std::string& file : yaml_files(directory)) {
        const YamlNode node = YamlNode::load(file);
        if (node.is_mapping()) state_->read(node, databases);
        state_->texts += node.source(0);
    }
    if (state_->rules.empty()) throw RuleError(directory + ":1: expected evidence rules in *.yaml");
    if (before != nullptr) state_->keep_numbers(*before->state_);
    state_->index();
}

Rules::~Rules() = default;
Rules::Rules(Rules&&) noexcept = default;
Rules& Rules::operator=(Rules&&) noexcept = default;

const mcp::Watch& Rules::watch() const noexcept {
    return state_->watch;
}
const std::vector<RuleInfo>& Rules::all() const noexcept {
    return state_->infos;
}

std::string Rules::version() const {
    return state_->version();
}

Evidence Rules::weigh(const mcp::Message& message, const Surroundings& around) const {
    Weighing weighing;
    const FactTable facts(message);
    const Around there(around, state_->headers);
    const auto kind = static_cast<std::size_t>(message.kind);
    const auto weigh_each = [&](const std::vector<std::uint16_t>& numbers,
                                std::string_view method) {
        for (const std::uint16_t number : numbers) {
            const Rule& rule = state_->rules[number];
            if (rule.kinds != 0 && (rule.kinds >> kind & 1) == 0) continue;
            if (!rule.method_tests.empty() && !rule.method_tests[0].holds(JsonType::string, method))
                continue;
            if (!std::all_of(rule.pointers.begin(), rule.pointers.end(),
                             [&](const PointerCondition& asked) { return facts.holds(asked); })) {
                continue;
            }
            if (all_around_hold(rule, there, {})) weighing.add(number, rule);
        }
    };
    weigh_each(state_->by_kind[kind], message.method);
    if (message.kind == mcp::Kind::request || message.kind == mcp::Kind::notification) {
        const auto named = state_->by_method.find(std::string_view(message.method));
        if (named != state_->by_method.end()) {
            weigh_each(named->second, message.method);
        } else if (!message.other_method.empty()) {
            // Two methods in one message: a server may take either, so the first may speak where
            // the last does not.
            const auto other = state_->by_method.find(std::string_view(message.other_method));
            if (other != state_->by_method.end()) weigh_each(other->second, message.other_method);
        }
    }
    for (const std::uint16_t number : state_->by_heads) {
        if (all_around_hold(state_->rules[number], there, {}))
            weighing.add(number, state_->rules[number]);
    }
    return weighing.finish();
}

Evidence Rules::weigh(const http::Head& request, const http::Head* response) const {
    Weighing weighing;
    Surroundings around;
    around.request = &request;
    around.response = response;
    const Around there(around, state_->headers);
    for (const std::uint16_t number : state_->by_heads) {
        if (all_around_hold(state_->rules[number], there, {}))
            weighing.add(number, state_->rules[number]);
    }
    return weighing.finish();
}

void Rules::find_signs(const http::Head& request, const http::Head* response,
                       std::vector<std::uint16_t>& out) const {
    if (state_->signs.empty()) return;
    Surroundings around;
    around.request = &request;
    around.response = response;
    Around there(around, state_->headers);
    there.read_url();
    for (const std::uint16_t number : state_->signs) {
        if (all_around_hold(state_->rules[number], there, {})) out.push_back(number);
    }
}

Sign Rules::sign(std::uint16_t number) const {
    const Rule& rule = state_->rules[number];
    return {rule.info.id,  rule.info.title, rule.category,
            rule.info.sid, rule.severity,   rule.silent};
}

Evidence Rules::weigh_event(std::string_view event_name, std::string_view data,
                            const Surroundings& around) const {
    Weighing weighing;
    Surroundings event = around;
    event.kind = http::TextKind::event;
    event.event_name = event_name;
    const Around there(event, state_->headers);
    for (const std::vector<std::uint16_t>* numbers : {&state_->by_event, &state_->by_heads}) {
        for (const std::uint16_t number : *numbers) {
            if (all_around_hold(state_->rules[number], there, data))
                weighing.add(number, state_->rules[number]);
        }
    }
    return weighing.finish();
}

}  // namespace umbratap::detect
