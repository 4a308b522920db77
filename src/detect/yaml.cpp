// A YAML file as values that know where they stand. Built from yaml-cpp's events rather than its
// nodes: nodes resolve aliases before we can refuse them, keep no line for empty values, and
// overwrite duplicate keys in silence.
#include "detect/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unordered_set>

namespace umbratap::detect {

namespace {

enum class Shape : std::uint8_t { null, scalar, sequence, mapping };

constexpr int depth_max = 64;

std::string complaint_at(const std::string& file, int line, std::string_view complaint) {
    return file + ":" + std::to_string(line) + ": " + std::string(complaint);
}

}  // namespace

struct YamlNode::Document {
    struct Value {
        Shape shape = Shape::null;
        bool quoted = false;
        int line = 0;
        std::string text;
        std::vector<std::uint32_t> children;  // of a mapping: key, value, key, value, …
    };
    std::string file, source;
    std::vector<Value> values;
};

/// Collects yaml-cpp's events.
class YamlNode::Reader : public YAML::EventHandler {
public:
    explicit Reader(Document& document) : document_(document) {}

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(mark, "", anchor, Shape::null, "");
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        refuse(mark, "aliases are not allowed here, write the value out");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        // Plain scalars carry the tag "?", quoted ones "!".
        const bool quoted = tag == "!";
        const bool null = !quoted && (value.empty() || value == "~" || value == "null" ||
                                      value == "Null" || value == "NULL");
        const std::uint32_t number =
            add(mark, tag, anchor, null ? Shape::null : Shape::scalar, value);
        document_.values[number].quoted = quoted;
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, add(mark, tag, anchor, Shape::sequence, ""));
    }
    void OnSequenceEnd() override { open_.pop_back(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, add(mark, tag, anchor, Shape::mapping, ""));
    }
    void OnMapEnd() override {
        std::unordered_set<std::string_view> seen;
        const std::vector<std::uint32_t>& children = document_.values[open_.back()].children;
        for (std::size_t i = 0; i < children.size(); i += 2) {
            const Document::Value& key = document_.values[children[i]];
            if (key.shape != Shape::scalar) refuse(key.line, "expected a plain key");
            if (!seen.insert(key.text).second)
                refuse(key.line, "the key '" + key.text + "' is there twice");
        }
        open_.pop_back();
    }

private:
    [[noreturn]] void refuse(int line, std::string_view complaint) const {
        throw RuleError(complaint_at(document_.file, line, complaint));
    }
    [[noreturn]] void refuse(const YAML::Mark& mark, std::string_view complaint) const {
        refuse(mark.line + 1, complaint);
    }

    std::uint32_t add(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                      Shape shape, const std::string& text) {
        if (anchor != YAML::NullAnchor) refuse(mark, "anchors are not allowed here");
        if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "tags are not allowed here");
        const auto number = static_cast<std::uint32_t>(document_.values.size());
        document_.values.push_back({shape, false, mark.line + 1, text, {}});
        if (!open_.empty()) document_.values[open_.back()].children.push_back(number);
        return number;
    }
    void open(const YAML::Mark& mark, std::uint32_t number) {
        if (open_.size() >= depth_max) refuse(mark, "nested too deeply");
        open_.push_back(number);
    }

    Document& document_;
    std::vector<std::uint32_t> open_;
};

YamlNode YamlNode::load(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw RuleError(complaint_at(file, 1, "cannot be opened"));
    std::string text;
    char piece[65536];
    while (in.read(piece, sizeof piece) || in.gcount() > 0) {
        text.append(piece, static_cast<std::size_t>(in.gcount()));
        if (text.size() > yaml_file_bytes_max)
            throw RuleError(complaint_at(file, 1, "expected at most 16 MiB"));
    }
    if (in.bad() || (text.empty() && !in.eof()))
        throw RuleError(complaint_at(file, 1, "cannot be read"));
    return parse(std::move(text), file);
}

YamlNode YamlNode::parse(std::string text, const std::string& file) {
    if (text.size() > yaml_file_bytes_max)
        throw RuleError(complaint_at(file, 1, "expected at most 16 MiB"));
    auto document = std::make_shared<Document>();
    document->file = file;
    document->source = std::move(text);
    std::istringstream in(document->source);
    Reader reader(*document);
    try {
        YAML::Parser parser(in);
        parser.HandleNextDocument(reader);
        const std::size_t first_document = document->values.size();
        if (parser.HandleNextDocument(reader) && document->values.size() > first_document) {
            throw RuleError(complaint_at(file, document->values[first_document].line,
                                         "expected one YAML document"));
        }
    } catch (const YAML::Exception& broken) {
        throw RuleError(complaint_at(file, std::max(broken.mark.line, 0) + 1,
                                     "this is no YAML: " + broken.msg));
    }
    if (document->values.empty()) document->values.push_back({Shape::null, false, 1, "", {}});
    return {std::move(document), 0};
}

bool YamlNode::is_null() const noexcept {
    return document_->values[number_].shape == Shape::null;
}
bool YamlNode::is_scalar() const noexcept {
    return document_->values[number_].shape == Shape::scalar;
}
bool YamlNode::is_sequence() const noexcept {
    return document_->values[number_].shape == Shape::sequence;
}
bool YamlNode::is_mapping() const noexcept {
    return document_->values[number_].shape == Shape::mapping;
}
bool YamlNode::is_quoted() const noexcept {
    return document_->values[number_].quoted;
}
int YamlNode::line() const noexcept {
    return document_->values[number_].line;
}
const std::string& YamlNode::file() const noexcept {
    return document_->file;
}

void YamlNode::fail(std::string_view complaint) const {
    throw RuleError(complaint_at(file(), line(), complaint));
}

std::string YamlNode::text(std::string_view expected) const {
    if (!is_scalar()) fail("expected " + std::string(expected));
    return document_->values[number_].text;
}

bool YamlNode::boolean() const {
    const std::string word = is_scalar() ? text() : std::string();
    if (is_quoted() || (word != "true" && word != "false")) fail("expected true or false");
    return word == "true";
}

std::int64_t YamlNode::integer(std::int64_t min, std::int64_t max) const {
    const std::string word = is_scalar() ? text() : std::string();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (word.empty() || error != std::errc{} || end != word.data() + word.size() || value < min ||
        value > max) {
        fail("expected a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    }
    return value;
}

double YamlNode::number(double min, double max) const {
    const std::string word = is_scalar() ? text() : std::string();
    double value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (word.empty() || error != std::errc{} || end != word.data() + word.size() ||
        !(value >= min && value <= max)) {
        std::ostringstream complaint;
        complaint << "expected a number from " << min << " to " << max;
        fail(complaint.str());
    }
    return value;
}

std::size_t YamlNode::one_of(std::span<const std::string_view> words) const {
    std::string list;
    for (const std::string_view word : words)
        list += (list.empty() ? "" : ", ") + std::string(word);
    const std::string given = text("one of " + list);
    const auto found = std::find(words.begin(), words.end(), given);
    if (found == words.end()) fail("expected one of " + list + suggestion(given, words));
    return static_cast<std::size_t>(found - words.begin());
}

std::vector<YamlNode> YamlNode::elements() const {
    if (!is_sequence()) fail("expected a list");
    std::vector<YamlNode> result;
    const std::vector<std::uint32_t>& children = document_->values[number_].children;
    result.reserve(children.size());
    for (const std::uint32_t child : children) result.push_back({document_, child});
    return result;
}

std::vector<YamlNode> YamlNode::elements_or_one() const {
    if (is_null()) fail("expected a value or a list");
    return is_sequence() ? elements() : std::vector<YamlNode>{*this};
}

std::vector<std::string> YamlNode::texts(std::string_view expected) const {
    std::vector<std::string> result;
    for (const YamlNode& element : elements_or_one()) result.push_back(element.text(expected));
    return result;
}

std::vector<YamlMember> YamlNode::members() const {
    if (is_null()) return {};
    if (!is_mapping()) fail("expected keys and values");
    std::vector<YamlMember> result;
    const std::vector<std::uint32_t>& children = document_->values[number_].children;
    for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
        result.push_back({document_->values[children[i]].text,
                          {document_, children[i]},
                          {document_, children[i + 1]}});
    }
    return result;
}

std::optional<YamlNode> YamlNode::find(std::string_view key) const {
    if (is_null()) return std::nullopt;
    if (!is_mapping()) fail("expected keys and values");
    const std::vector<std::uint32_t>& children = document_->values[number_].children;
    for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
        const YamlNode value(document_, children[i + 1]);
        if (document_->values[children[i]].text == key && !value.is_null()) return value;
    }
    return std::nullopt;
}

YamlNode YamlNode::at(std::string_view key) const {
    if (std::optional<YamlNode> value = find(key)) return *value;
    fail("expected the key '" + std::string(key) + "'");
}

void YamlNode::allow_only(std::initializer_list<std::string_view> keys) const {
    for (const YamlMember& member : members()) {
        if (std::find(keys.begin(), keys.end(), member.key) != keys.end()) continue;
        const std::string hint = suggestion(member.key, std::span(keys.begin(), keys.size()));
        std::string list;
        for (const std::string_view key : keys)
            list += (list.empty() ? "" : ", ") + std::string(key);
        member.key_node.fail("unknown key '" + member.key + "'" +
                             (hint.empty() ? ", expected one of " + list : hint));
    }
}

std::string YamlNode::source(int end) const {
    const std::string& source = document_->source;
    std::size_t from = 0;
    int at = 1;
    for (; at < line() && from != std::string::npos; ++at) {
        from = source.find('\n', from);
        if (from != std::string::npos) ++from;
    }
    if (from == std::string::npos) return {};
    std::size_t to = from;
    for (; end == 0 || at < end; ++at) {
        to = source.find('\n', to);
        if (to == std::string::npos) break;
        ++to;
    }
    return source.substr(from, to == std::string::npos ? to : to - from);
}

namespace {

/// Insertions, deletions, replacements and swaps of neighbours that make `a` of `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        next[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                next[j] = std::min(next[j], before[j - 2] + 1);
        }
        before.swap(row);
        row.swap(next);
    }
    return row[b.size()];
}

}  // namespace

std::string suggestion(std::string_view word, std::span<const std::string_view> candidates) {
    if (word.size() > 64) return {};
    std::string_view nearest;
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < least) {
            least = distance;
            nearest = candidate;
        }
    }
    return nearest.empty() ? std::string() : ", did you mean '" + std::string(nearest) + "'?";
}

}  // namespace umbratap::detect
