// What the rhythm of encrypted connections says.
//
// A rule is a row of steps, each of which one turn must fulfil, in the order of time; other turns
// may lie between them. All ways to choose the turns are tried, up to a limit. What the rule may
// hold `besides` is sought among the turns that are left, whenever they came, and adds to it.
#include "detect/rhythms.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "detect/yaml.h"

namespace umbratap::detect {
namespace {

constexpr std::size_t steps_max = 6, besides_max = 6;
constexpr int attempts_max = 4096;
constexpr std::int64_t size_max = 1 << 20;

/// A size between two bounds, perhaps counted from that of an earlier step.
struct SizeRange {
    std::int64_t least = 0, most = size_max;
    int than = -1;  // number of the step; -1: from zero
};

struct Step {
    std::string name;
    SizeRange sent, received;
    int weight = 0;  // of what may be besides
};

struct Example {
    int line = 0;
    std::vector<RhythmTurn> turns;
    std::string text;
};

struct Rule {
    Rhythms::Info info;
    bool http2 = false;
    std::size_t within = 0;  // turns after a step, the next must come
    std::vector<Step> steps, besides;
    std::vector<Example> matches, spares;
};

/// "426/449": bytes sent and received.
std::optional<tls::Turn> read_turn(std::string_view text) {
    tls::Turn turn;
    const char* const end = text.data() + text.size();
    const auto sent = std::from_chars(text.data(), end, turn.sent);
    if (sent.ec != std::errc() || sent.ptr == end || *sent.ptr != '/') return std::nullopt;
    const auto received = std::from_chars(sent.ptr + 1, end, turn.received);
    if (received.ec != std::errc() || received.ptr != end) return std::nullopt;
    return turn;
}

std::vector<Example> read_examples(const YamlNode& rule, std::string_view key, bool http2) {
    std::vector<Example> examples;
    for (const YamlNode& node : rule.at(key).elements_or_one()) {
        Example& example = examples.emplace_back();
        example.line = node.line();
        example.text = node.text("turns like \"426/449 408/142\"");
        for (std::size_t at = 0; at < example.text.size();) {
            const std::size_t end = std::min(example.text.find(' ', at), example.text.size());
            const auto turn = read_turn(std::string_view(example.text).substr(at, end - at));
            if (!turn) node.fail("expected turns like \"426/449 408/142\", sent/received");
            example.turns.push_back({*turn, http2});
            at = end + 1;
        }
        if (example.turns.size() > Rhythms::turns_max) node.fail("expected fewer turns");
    }
    if (examples.empty()) rule.fail("expected at least one example in '" + std::string(key) + "'");
    return examples;
}

/// `[a, b]`, or `{than: STEP, by: [a, b]}`.
SizeRange read_range(const YamlNode& node, const std::vector<Step>& earlier) {
    SizeRange range;
    std::vector<YamlNode> bounds;
    if (node.is_mapping()) {
        node.allow_only({"than", "by"});
        const YamlNode than = node.at("than");
        const auto step = std::find_if(earlier.begin(), earlier.end(), [&](const Step& one) {
            return one.name == than.text("the name of an earlier step");
        });
        if (step == earlier.end()) than.fail("expected the name of an earlier step");
        range.than = static_cast<int>(step - earlier.begin());
        bounds = node.at("by").elements();
    } else {
        bounds = node.elements();
    }
    if (bounds.size() != 2) node.fail("expected [least, most]");
    range.least = bounds[0].integer(-size_max, size_max);
    range.most = bounds[1].integer(range.least, size_max);
    return range;
}

Step read_step(const YamlNode& node, const std::vector<Step>& earlier, bool weighs) {
    Step step;
    if (weighs) {
        node.allow_only({"as", "sent", "received", "weight"});
        step.weight = static_cast<int>(node.at("weight").integer(1, 99));
    } else {
        node.allow_only({"as", "sent", "received"});
    }
    step.name = node.at("as").text();
    step.sent = read_range(node.at("sent"), earlier);
    step.received = read_range(node.at("received"), earlier);
    return step;
}

Rule read_rule(const YamlNode& node) {
    node.allow_only({"id", "sid", "title", "reference", "weight", "http", "within", "steps",
                     "besides", "matches", "spares"});
    Rule rule;
    rule.info.file = node.file();
    rule.info.line = node.line();
    rule.info.text = node.source(0);
    rule.info.id = node.at("id").text();
    rule.info.sid = static_cast<std::uint32_t>(node.at("sid").integer(2900, 2999));
    rule.info.title = node.at("title").text();
    rule.info.weight = static_cast<int>(node.at("weight").integer(1, 99));
    rule.http2 = node.at("http").integer(1, 2) == 2;
    rule.within = static_cast<std::size_t>(node.at("within").integer(1, 24));
    for (const YamlNode& step : node.at("steps").elements())
        rule.steps.push_back(read_step(step, rule.steps, false));
    if (rule.steps.size() < 2 || rule.steps.size() > steps_max)
        node.at("steps").fail("expected two to six steps");
    if (const auto besides = node.find("besides")) {
        for (const YamlNode& step : besides->elements())
            rule.besides.push_back(read_step(step, rule.steps, true));
        if (rule.besides.size() > besides_max) besides->fail("expected six at most");
    }
    rule.matches = read_examples(node, "matches", rule.http2);
    rule.spares = read_examples(node, "spares", rule.http2);
    rule.info.examples = rule.matches.size() + rule.spares.size();
    return rule;
}

/// Which turns fulfil the steps of a rule, and what they are worth.
class Matcher {
public:
    Matcher(const Rule& rule, std::span<const RhythmTurn> turns) : rule_(rule), turns_(turns) {}

    /// False if there is no way to fulfil all steps.
    bool find() {
        choose(0, 0);
        return best_ > 0;
    }
    int weight() const { return best_; }
    const std::vector<const Step*>& besides() const { return best_besides_; }
    const std::vector<std::size_t>& chosen() const { return best_chosen_; }

private:
    bool holds(const SizeRange& range, std::uint32_t size, bool sent) const {
        std::int64_t from = 0;
        if (range.than >= 0) {
            const tls::Turn& other = turns_[chosen_[static_cast<std::size_t>(range.than)]].turn;
            from = sent ? other.sent : other.received;
        }
        return size >= from + range.least && size <= from + range.most;
    }
    bool fulfils(const Step& step, const RhythmTurn& one) const {
        return one.http2 == rule_.http2 && holds(step.sent, one.turn.sent, true) &&
               holds(step.received, one.turn.received, false);
    }

    void choose(std::size_t step, std::size_t first) {
        if (step == rule_.steps.size()) return weigh();
        const std::size_t end =
            step == 0 ? turns_.size() : std::min(turns_.size(), first + rule_.within);
        for (std::size_t i = first; i < end && attempts_ < attempts_max; ++i) {
            ++attempts_;
            if (!fulfils(rule_.steps[step], turns_[i])) continue;
            chosen_[step] = i;
            choose(step + 1, i + 1);
        }
    }

    void weigh() {
        std::vector<std::size_t> taken(
            chosen_.begin(), chosen_.begin() + static_cast<std::ptrdiff_t>(rule_.steps.size()));
        std::vector<const Step*> besides;
        int weight = rule_.info.weight;
        for (const Step& step : rule_.besides) {
            for (std::size_t i = 0; i < turns_.size(); ++i) {
                ++attempts_;
                if (std::find(taken.begin(), taken.end(), i) != taken.end() ||
                    !fulfils(step, turns_[i])) {
                    continue;
                }
                taken.push_back(i);
                besides.push_back(&step);
                weight += step.weight;
                break;
            }
        }
        if (weight <= best_) return;
        best_ = weight;
        best_besides_ = std::move(besides);
        best_chosen_ = std::move(taken);
    }

    const Rule& rule_;
    std::span<const RhythmTurn> turns_;
    std::array<std::size_t, steps_max> chosen_{};
    int attempts_ = 0;
    int best_ = 0;
    std::vector<const Step*> best_besides_;
    std::vector<std::size_t> best_chosen_;
};

std::string part(std::string_view what, int weight) {
    return std::string(what) + ' ' + std::to_string(weight);
}

}  // namespace

struct Rhythms::State {
    std::vector<Rule> rules;
    std::map<std::string, int, std::less<>> names;
    struct Fingerprint {
        std::string id;
        int weight = 0;
    };
    std::map<std::string, Fingerprint, std::less<>> fingerprints;  // by JA4
    struct Protocols {
        std::string id;
        int weight = 0;
        std::vector<std::string> offered;
    };
    std::vector<Protocols> protocols;
    int long_lived = 0;
    int told_alone = 100, told_with_name = 100;
};

Rhythms::Rhythms(const std::string& directory) {
    auto state = std::make_shared<State>();
    const YamlNode file = YamlNode::load(directory + "/rhythm.yaml");
    file.allow_only({"told_from", "names", "fingerprints", "protocols", "long_lived", "rhythms"});
    const YamlNode told = file.at("told_from");
    told.allow_only({"alone", "with_name"});
    state->told_alone = static_cast<int>(told.at("alone").integer(1, 99));
    state->told_with_name = static_cast<int>(told.at("with_name").integer(1, 99));
    for (const YamlMember& name : file.at("names").members())
        state->names[name.key] = static_cast<int>(name.value.integer(1, 99));
    for (const YamlNode& node : file.at("fingerprints").elements()) {
        node.allow_only({"id", "weight", "ja4"});
        const State::Fingerprint one{node.at("id").text(),
                                     static_cast<int>(node.at("weight").integer(1, 99))};
        for (const std::string& ja4 : node.at("ja4").texts()) state->fingerprints[ja4] = one;
    }
    for (const YamlNode& node : file.at("protocols").elements()) {
        node.allow_only({"id", "weight", "offered"});
        state->protocols.push_back({node.at("id").text(),
                                    static_cast<int>(node.at("weight").integer(1, 99)),
                                    node.at("offered").texts()});
    }
    state->long_lived = static_cast<int>(file.at("long_lived").integer(0, 99));
    for (const YamlNode& node : file.at("rhythms").elements())
        state->rules.push_back(read_rule(node));
    state_ = std::move(state);
}

int Rhythms::name_weight(std::string_view name_rule) const noexcept {
    const auto found = state_->names.find(name_rule);
    return found == state_->names.end() ? 0 : found->second;
}

std::optional<RhythmScore> Rhythms::weigh(std::span<const RhythmTurn> turns,
                                          const RhythmContext& context) const {
    turns = turns.first(std::min(turns.size(), turns_max));
    std::optional<RhythmScore> score;
    int strongest = 0;
    for (const Rule& rule : state_->rules) {
        Matcher matcher(rule, turns);
        if (!matcher.find() || matcher.weight() <= strongest) continue;
        strongest = matcher.weight();
        score.emplace();
        score->rule = rule.info.id;
        score->title = rule.info.title;
        score->sid = rule.info.sid;
        score->parts.push_back(part("rhythm." + rule.info.id, rule.info.weight));
        for (const Step* step : matcher.besides())
            score->parts.push_back(part("rhythm." + step->name, step->weight));
        for (const std::size_t i : matcher.chosen()) {
            score->shown += (score->shown.empty() ? "" : " ") + std::to_string(turns[i].turn.sent) +
                            '/' + std::to_string(turns[i].turn.received);
        }
    }
    if (!score) return score;
    int sum = strongest;
    const int name = name_weight(context.name_rule);
    if (name > 0) {
        score->parts.insert(score->parts.begin(),
                            part("name." + std::string(context.name_rule), name));
        sum += name;
    }
    if (const auto print = state_->fingerprints.find(context.fingerprint);
        print != state_->fingerprints.end()) {
        score->parts.push_back(part("ja4." + print->second.id, print->second.weight));
        sum += print->second.weight;
    }
    for (const State::Protocols& one : state_->protocols) {
        if (!std::equal(one.offered.begin(), one.offered.end(), context.protocols.begin(),
                        context.protocols.end()))
            continue;
        score->parts.push_back(part("alpn." + one.id, one.weight));
        sum += one.weight;
    }
    if (context.long_lived && state_->long_lived > 0) {
        score->parts.push_back(part("long-lived", state_->long_lived));
        sum += state_->long_lived;
    }
    score->confidence = std::min(sum, 99);
    score->told = sum >= (name > 0 ? state_->told_with_name : state_->told_alone);
    return score;
}

std::vector<Rhythms::Info> Rhythms::all() const {
    std::vector<Info> infos;
    for (const Rule& rule : state_->rules) infos.push_back(rule.info);
    return infos;
}

std::vector<std::string> Rhythms::check() const {
    std::vector<std::string> failures;
    for (const Rule& rule : state_->rules) {
        const auto run = [&](const std::vector<Example>& examples, bool should) {
            for (const Example& example : examples) {
                if (Matcher(rule, example.turns).find() == should) continue;
                failures.push_back(rule.info.file + ":" + std::to_string(example.line) + ": " +
                                   rule.info.id + (should ? " should match " : " should spare ") +
                                   example.text);
            }
        };
        run(rule.matches, true);
        run(rule.spares, false);
    }
    return failures;
}

}  // namespace umbratap::detect
