// Content is looked at: search all strings at once, then those with a hit closely.
//
//     strings ──▶ search ──▶ hits ──▶ closely, checks ──▶ findings
//                 (Hyperscan)         (one string)
//
// What speaks to a model adds up within one string: a rule that everyday text might hold, too,
// needs company. A secret or a person's number is found by itself, once per rule and message.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <unordered_set>

#include "detect/content_rules_state.h"
#include "detect/excerpt.h"
#include "detect/header_value.h"
#include "detect/plain_text.h"
#include "http/target.h"

namespace umbratap::detect {
namespace {

constexpr std::size_t hits_max = 65'536;
constexpr std::size_t matches_max = 10'000;  // in one string
constexpr std::size_t findings_max = 64;     // in one message
constexpr std::size_t distinct_values_max = 1'000;
constexpr std::size_t kept_bytes = 1 << 20;
constexpr std::uint8_t confidence_told = 60;

constexpr Problem too_many{"content.too_many_hits"};

/// One string, and where it stands.
struct Piece {
    std::size_t begin = 0, size = 0;
    ContentArea area = ContentArea::content;
};

struct Hit {
    std::uint32_t piece = 0;
    std::uint16_t rule = 0;
    bool plain = false;     ///< in the text as a model reads it, not as it is written
    std::uint32_t end = 0;  ///< of the first match, within the piece

    friend auto operator<=>(const Hit&, const Hit&) = default;
};

struct Match {
    std::uint16_t rule = 0;
    std::size_t begin = 0, end = 0;
};

/// What is looked at, as one text with NULs between its pieces.
struct Subject {
    std::string_view text;
    std::vector<Piece> pieces;

    std::string_view piece(std::size_t number) const noexcept {
        return text.substr(pieces[number].begin, pieces[number].size);
    }
    std::size_t at(std::size_t position) const noexcept {
        const auto behind = std::upper_bound(
            pieces.begin(), pieces.end(), position,
            [](std::size_t wanted, const Piece& piece) { return wanted < piece.begin; });
        return static_cast<std::size_t>(behind - pieces.begin()) - 1;
    }
};

std::uint8_t combined(double doubt) noexcept {
    return static_cast<std::uint8_t>(std::lround(100.0 * (1.0 - doubt)));
}

std::string part(const ContentRule& rule, int weight) {
    return rule.id + ' ' + std::to_string(weight);
}

}  // namespace

struct ContentRules::Inspector::State {
    explicit State(std::shared_ptr<const ContentRules::State> content);
    ~State() { hs_free_scratch(scratch); }

    /// Fills `hits`.
    Problem search(const Subject& subject);
    Problem search_text(const Subject& where);
    void note_hidden(std::uint32_t piece, std::string_view text);
    bool note(const Subject& where, std::uint16_t rule, std::size_t end);
    bool add(const Hit& hit);
    /// Where the rules of `wanted`, which have values, match in one string; the longest match from
    /// each beginning.
    void look_closely(std::string_view text, std::span<const Hit> hits);

    /// What hits in one string say together to a model.
    void weigh(const Subject& subject, std::span<const Hit> hits, Batch<Finding>& out);
    /// Values of one rule in all strings.
    void collect(const Subject& subject, std::span<const Hit> hits);
    void tell_values(const Subject& subject, Batch<Finding>& out);

    /// Where `place` says: appends with the piece's number in `where`.
    Problem inspect(const Subject& subject, Batch<Finding>& out);
    std::string plain_piece(std::uint32_t number) const;

    struct Values {
        std::unordered_set<std::size_t> distinct;  // hashed
        std::string excerpt;
        std::uint32_t piece = 0;
        bool documented = true, confirmed = false;
    };

    std::shared_ptr<const ContentRules::State> content;
    hs_scratch_t* scratch = nullptr;
    std::vector<Hit> hits;
    std::vector<std::uint32_t> last_hit;  // by rule: 1 + piece, so that a storm costs nothing
    std::string plain_text;
    Subject plain;                             // strings that read otherwise than they are written
    std::vector<std::uint32_t> plain_numbers;  // which strings they are
    std::vector<Match> matches;
    std::vector<Values> values;  // by rule
    std::vector<std::uint16_t> valued;
    std::vector<std::uint32_t> places;  // piece of each finding
    std::string own_text;               // of a subject that is not a message
    std::vector<std::string> own_places;
    Subject subject;
};

ContentRules::Inspector::State::State(std::shared_ptr<const ContentRules::State> rules)
    : content(std::move(rules)), last_hit(content->rules.size()), values(content->rules.size()) {
    for (const Database* database : {&content->search, &content->closely}) {
        if (*database && hs_alloc_scratch(database->get(), &scratch) != HS_SUCCESS)
            std::abort();  // out of memory
    }
}

/// A match that ends at `end`. False if there is no room for more.
bool ContentRules::Inspector::State::note(const Subject& where, std::uint16_t rule,
                                          std::size_t end) {
    auto piece = static_cast<std::uint32_t>(where.at(end - 1));
    if (last_hit[rule] == piece + 1) return true;
    last_hit[rule] = piece + 1;
    const auto within = static_cast<std::uint32_t>(end - where.pieces[piece].begin);
    const bool is_plain = &where == &plain;
    if (is_plain) piece = plain_numbers[piece];
    return add({piece, rule, is_plain, within});
}

/// Where its rule looks. False if there is no room for more.
bool ContentRules::Inspector::State::add(const Hit& hit) {
    const auto area = static_cast<std::size_t>(subject.pieces[hit.piece].area);
    if (content->rules[hit.rule].weight[area] == 0) return true;
    if (hits.size() >= hits_max) return false;
    hits.push_back(hit);
    return true;
}

Problem ContentRules::Inspector::State::search_text(const Subject& where) {
    struct Search {
        State* state;
        const Subject* where;
        bool full = false;
    } search{this, &where};
    std::fill(last_hit.begin(), last_hit.end(), 0U);
    const auto on_match = [](unsigned id, unsigned long long, unsigned long long to, unsigned,
                             void* context) {
        auto& asked = *static_cast<Search*>(context);
        asked.full = !asked.state->note(*asked.where, asked.state->content->patterns[id], to);
        return asked.full ? 1 : 0;
    };
    if (content->search) {
        hs_scan(content->search.get(), where.text.data(), static_cast<unsigned>(where.text.size()),
                0, scratch, on_match, &search);
    }
    for (const std::uint16_t rule : content->blanks) {
        const std::size_t row = content->rules[rule].at_least;
        std::size_t at = find_behind_blanks(where.text, row, 0);
        while (at < where.text.size() && !search.full) {
            search.full = !note(where, rule, at + 1);
            at = find_behind_blanks(where.text, row, at + 1);
        }
    }
    return search.full ? too_many : no_problem;
}

void ContentRules::Inspector::State::note_hidden(std::uint32_t piece, std::string_view text) {
    const Hidden hidden = find_hidden(text);
    if (hidden.first == std::string_view::npos) return;
    for (const std::uint16_t number : content->hidden) {
        const ContentRule& rule = content->rules[number];
        const std::size_t count = rule.hidden == ContentRule::Hidden::tags ? hidden.tags
                                  : rule.hidden == ContentRule::Hidden::directions
                                      ? hidden.directions
                                      : hidden.widthless;
        if (count >= rule.at_least)
            add({piece, number, false, static_cast<std::uint32_t>(hidden.first)});
    }
}

Problem ContentRules::Inspector::State::search(const Subject& all) {
    hits.clear();
    plain_text.clear();
    plain.pieces.clear();
    plain_numbers.clear();
    if (plain_text.capacity() > kept_bytes) std::string().swap(plain_text);
    if (all.text.empty()) return no_problem;
    const Problem problem = search_text(all);
    if (!is_perhaps_not_plain(all.text)) return problem;
    for (std::uint32_t number = 0; number < all.pieces.size(); ++number) {
        const std::string_view text = all.piece(number);
        if (!is_perhaps_not_plain(text)) continue;
        note_hidden(number, text);
        const std::size_t begin = plain_text.size();
        append_plain(text, plain_text);
        plain.pieces.push_back({begin, plain_text.size() - begin, all.pieces[number].area});
        plain_numbers.push_back(number);
        plain_text.push_back('\0');
    }
    plain.text = plain_text;
    return problem.or_else(search_text(plain));
}

std::string ContentRules::Inspector::State::plain_piece(std::uint32_t number) const {
    const auto found = std::lower_bound(plain_numbers.begin(), plain_numbers.end(), number);
    return std::string(plain.piece(static_cast<std::size_t>(found - plain_numbers.begin())));
}

void ContentRules::Inspector::State::look_closely(std::string_view text,
                                                  std::span<const Hit> wanted) {
    struct Look {
        State* state;
        std::span<const Hit> wanted;
    } look{this, wanted};
    matches.clear();
    const auto on_match = [](unsigned id, unsigned long long from, unsigned long long to, unsigned,
                             void* context) {
        auto& asked = *static_cast<Look*>(context);
        State& state = *asked.state;
        const std::uint16_t rule = state.content->valued[id];
        if (std::none_of(asked.wanted.begin(), asked.wanted.end(),
                         [&](const Hit& hit) { return hit.rule == rule; }))
            return 0;
        for (auto match = state.matches.rbegin(); match != state.matches.rend(); ++match) {
            if (match->rule != rule) continue;
            if (match->begin == from) {
                match->end = std::max<std::size_t>(match->end, to);
                return 0;
            }
            break;
        }
        if (state.matches.size() >= matches_max) return 1;
        state.matches.push_back(
            {rule, static_cast<std::size_t>(from), static_cast<std::size_t>(to)});
        return 0;
    };
    hs_scan(content->closely.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch,
            on_match, &look);
}

void ContentRules::Inspector::State::weigh(const Subject& all, std::span<const Hit> spoken,
                                           Batch<Finding>& out) {
    const std::uint32_t piece = spoken.front().piece;
    const Piece& where = all.pieces[piece];
    const std::string_view written = all.piece(piece);
    const bool reads_otherwise =
        std::any_of(spoken.begin(), spoken.end(), [](const Hit& hit) { return hit.plain; });
    const std::string as_read = reads_otherwise ? plain_piece(piece) : std::string();
    double doubt = 1;
    int most = 0;
    std::unordered_set<std::uint16_t> counted;
    Finding finding;
    for (const Hit& hit : spoken) {  // as it is written first: hits are in order
        if (!counted.insert(hit.rule).second) continue;
        const ContentRule& rule = content->rules[hit.rule];
        const int weight = rule.weight[static_cast<std::size_t>(where.area)];
        doubt *= 1.0 - weight / 100.0;
        finding.parts.push_back(part(rule, weight));
        if (weight <= most) continue;
        most = weight;
        finding.excerpt = excerpt_around(hit.plain ? as_read : written, hit.end);
        finding.rule = rule.id;
        finding.signature_id = rule.sid;
        finding.title = rule.title;
        finding.severity = rule.severity;
    }
    finding.confidence = combined(doubt);
    if (finding.confidence < confidence_told) return;
    std::sort(finding.parts.begin(), finding.parts.end());
    finding.category =
        where.area == ContentArea::definition ? "tool-poisoning" : "prompt-injection";
    places.push_back(piece);
    out.push_back(std::move(finding));
}

void ContentRules::Inspector::State::collect(const Subject& all, std::span<const Hit> found) {
    const std::uint32_t piece = found.front().piece;
    const std::string_view text = all.piece(piece);
    look_closely(text, found);
    for (const Match& match : matches) {
        const ContentRule& rule = content->rules[match.rule];
        const std::string_view matched = text.substr(match.begin, match.end - match.begin);
        if (!rule.accepts(matched)) continue;
        Values& seen = values[match.rule];
        if (seen.distinct.size() >= distinct_values_max ||
            !seen.distinct.insert(std::hash<std::string_view>()(rule.value_of(matched))).second)
            continue;
        if (seen.distinct.size() == 1) valued.push_back(match.rule);
        const bool documented = rule.is_documented(matched);
        if (seen.distinct.size() == 1 || (seen.documented && !documented)) {
            seen.excerpt = redacted(rule, matched);
            seen.piece = piece;
            seen.documented = documented;
            seen.confirmed =
                !rule.confirms.empty() &&
                std::all_of(rule.confirms.begin(), rule.confirms.end(),
                            [&](const auto& check) { return check.holds(rule.value_of(matched)); });
        }
    }
}

void ContentRules::Inspector::State::tell_values(const Subject& all, Batch<Finding>& out) {
    std::sort(valued.begin(), valued.end());
    for (const std::uint16_t number : valued) {
        const ContentRule& rule = content->rules[number];
        Values& seen = values[number];
        if (seen.distinct.size() >= rule.at_least) {
            Finding finding;
            finding.category = rule.kind == ContentKind::secret ? "secret-exposed" : "pii-exposed";
            finding.rule = rule.id;
            finding.signature_id = rule.sid;
            finding.title = rule.title;
            finding.severity = seen.documented ? 4 : rule.severity;
            const int weight = rule.weight[static_cast<std::size_t>(all.pieces[seen.piece].area)];
            finding.confidence = static_cast<std::uint8_t>(seen.confirmed ? 99 : weight);
            finding.parts = {part(rule, weight)};
            if (seen.confirmed) finding.parts.push_back("checksum 99");
            if (seen.documented) finding.parts.emplace_back("an example of its vendor");
            finding.excerpt = std::move(seen.excerpt);
            if (seen.distinct.size() > 1)
                finding.excerpt += ", " + std::to_string(seen.distinct.size()) + " values";
            places.push_back(seen.piece);
            out.push_back(std::move(finding));
        }
        seen = {};
    }
    valued.clear();
}

Problem ContentRules::Inspector::State::inspect(const Subject& all, Batch<Finding>& out) {
    places.clear();
    Problem problem = search(all);
    std::sort(hits.begin(), hits.end());
    const std::size_t before = out.size();
    std::vector<Hit> spoken, valuable;
    for (std::size_t i = 0; i < hits.size();) {
        spoken.clear();
        valuable.clear();
        const std::uint32_t piece = hits[i].piece;
        for (; i < hits.size() && hits[i].piece == piece; ++i) {
            if (!content->rules[hits[i].rule].has_values()) {
                spoken.push_back(hits[i]);
            } else if (!hits[i].plain) {
                valuable.push_back(hits[i]);
            }
        }
        if (!spoken.empty()) weigh(all, spoken, out);
        if (!valuable.empty()) collect(all, valuable);
        if (out.size() - before >= findings_max) {
            problem = problem.or_else(too_many);
            break;
        }
    }
    tell_values(all, out);
    return problem;
}

ContentRules::Inspector::Inspector(const ContentRules& rules)
    : state_(std::make_unique<State>(rules.state_)) {}
ContentRules::Inspector::~Inspector() = default;
ContentRules::Inspector::Inspector(Inspector&&) noexcept = default;
ContentRules::Inspector& ContentRules::Inspector::operator=(Inspector&&) noexcept = default;

Problem ContentRules::Inspector::inspect(const mcp::Message& message,
                                         const mcp::ReadableStrings& strings,
                                         http::Direction direction, Batch<Finding>& out) noexcept {
    Subject& subject = state_->subject;
    subject.text = strings.text();
    subject.pieces.clear();
    for (std::size_t i = 0; i < strings.size(); ++i) {
        const std::string_view value = strings.value(i);
        const auto begin = static_cast<std::size_t>(value.data() - subject.text.data());
        subject.pieces.push_back({begin, value.size(),
                                  direction == http::Direction::to_server ? ContentArea::arguments
                                  : strings.area(i) == mcp::Area::definition
                                      ? ContentArea::definition
                                      : ContentArea::content});
    }
    const std::size_t before = out.size();
    const Problem problem = state_->inspect(subject, out);
    for (std::size_t i = before; i < out.size(); ++i) {
        const std::uint32_t piece = state_->places[i - before];
        out[i].where = strings.place(piece);
        const std::uint32_t tool = strings.element_of(piece, "tools");
        if (tool < message.tools.size()) out[i].tool = message.tools[tool].name;
    }
    return problem;
}

Problem ContentRules::Inspector::inspect(const http::Head& request, Batch<Finding>& out) noexcept {
    State& state = *state_;
    state.own_text.clear();
    state.own_places.clear();
    state.subject.pieces.clear();
    const auto add = [&](ContentArea area, const std::string& text, std::string place) {
        state.subject.pieces.push_back({state.own_text.size(), text.size(), area});
        state.own_text.append(text).push_back('\0');
        state.own_places.push_back(std::move(place));
    };
    for (std::size_t i = 0; i < request.fields.size(); ++i) {
        const std::string_view name = request.fields.name(i);
        if (name.starts_with("mcp-param-") || name == "mcp-name")
            add(ContentArea::header, header_value(request.fields.value(i)),
                "request.header." + std::string(name.substr(0, 64)));
    }
    if (const std::string_view query = http::split_target(request.target).query; !query.empty())
        add(ContentArea::url, http::form_decoded(query), "request.target");
    if (state.own_text.empty()) return no_problem;
    state.subject.text = state.own_text;
    const std::size_t before = out.size();
    const Problem problem = state.inspect(state.subject, out);
    for (std::size_t i = before; i < out.size(); ++i)
        out[i].where = state.own_places[state.places[i - before]];
    return problem;
}

bool ContentRules::Inspector::speaks(const ContentRule& rule, const std::string& text) noexcept {
    State& state = *state_;
    const auto number = static_cast<std::uint16_t>(&rule - state.content->rules.data());
    const auto area = static_cast<ContentArea>(
        std::find_if(rule.weight.begin(), rule.weight.end(), [](int w) { return w != 0; }) -
        rule.weight.begin());
    state.own_text = text;
    state.own_text.push_back('\0');
    state.subject.text = state.own_text;
    state.subject.pieces = {{0, text.size(), area}};
    state.search(state.subject);
    for (const Hit& hit : std::vector<Hit>(state.hits)) {
        if (hit.rule != number) continue;
        if (!rule.has_values()) return true;
        state.look_closely(text, std::span(&hit, 1));
        std::unordered_set<std::string_view> different;
        for (const Match& match : state.matches) {
            const std::string_view matched =
                std::string_view(text).substr(match.begin, match.end - match.begin);
            if (rule.accepts(matched)) different.insert(rule.value_of(matched));
        }
        if (different.size() >= rule.at_least) return true;
    }
    return false;
}

}  // namespace umbratap::detect
