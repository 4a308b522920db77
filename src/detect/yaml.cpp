// A YAML file as values that know where they stand. Built from libyaml's events rather than its
// documents: those resolve aliases before we can refuse them, and take duplicate keys in silence.
// libyaml and not yaml-cpp, because the rules are read at each start, and yaml-cpp takes 15 ms for
// them.
#include "detect/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <map>
#include <system_error>
#include <unordered_set>

#include "base/files.h"

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

/// Collects libyaml's events.
class YamlNode::Reader {
public:
    explicit Reader(Document& document) : document_(document) {
        if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
        const std::string& text = document.source;
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                     text.size());
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    }
    ~Reader() { yaml_parser_delete(&parser_); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// All of it, to the end of the stream.
    void read() {
        for (bool more = true; more;) {
            Event event;
            if (yaml_parser_parse(&parser_, &event.of) == 0) refuse_broken();
            more = event.of.type != YAML_STREAM_END_EVENT;
            take(event.of);
        }
    }

private:
    struct Event {
        Event() = default;
        ~Event() { yaml_event_delete(&of); }
        Event(const Event&) = delete;
        Event& operator=(const Event&) = delete;
        yaml_event_t of{};
    };

    void take(const yaml_event_t& event) {
        const int line = static_cast<int>(event.start_mark.line) + 1;
        switch (event.type) {
            case YAML_DOCUMENT_START_EVENT:
                is_second_ = !document_.values.empty();
                break;
            case YAML_ALIAS_EVENT:
                refuse(line, "aliases are not allowed here, write the value out");
            case YAML_SCALAR_EVENT:
                take_scalar(event.data.scalar, line);
                break;
            case YAML_SEQUENCE_START_EVENT:
                open(line, add(line, event.data.sequence_start.tag,
                               event.data.sequence_start.anchor, Shape::sequence, {}));
                break;
            case YAML_MAPPING_START_EVENT:
                open(line, add(line, event.data.mapping_start.tag, event.data.mapping_start.anchor,
                               Shape::mapping, {}));
                break;
            case YAML_MAPPING_END_EVENT:
                check_keys();
                open_.pop_back();
                break;
            case YAML_SEQUENCE_END_EVENT:
                open_.pop_back();
                break;
            default:
                break;
        }
    }

    template <class Scalar>
    void take_scalar(const Scalar& scalar, int line) {
        const std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
        const bool quoted = scalar.style != YAML_PLAIN_SCALAR_STYLE;
        const bool null = !quoted && (text.empty() || text == "~" || text == "null" ||
                                      text == "Null" || text == "NULL");
        const std::uint32_t number =
            add(line, scalar.tag, scalar.anchor, null ? Shape::null : Shape::scalar, text);
        document_.values[number].quoted = quoted;
    }

    void check_keys() const {
        std::unordered_set<std::string_view> seen;
        const std::vector<std::uint32_t>& children = document_.values[open_.back()].children;
        for (std::size_t i = 0; i < children.size(); i += 2) {
            const Document::Value& key = document_.values[children[i]];
            if (key.shape != Shape::scalar) refuse(key.line, "expected a plain key");
            if (!seen.insert(key.text).second)
                refuse(key.line, "the key '" + key.text + "' is there twice");
        }
    }

    [[noreturn]] void refuse(int line, std::string_view complaint) const {
        throw RuleError(complaint_at(document_.file, line, complaint));
    }
    /// At the end of the file it is told where that began which has no end.
    [[noreturn]] void refuse_broken() const {
        const std::string& text = document_.source;
        const auto lines_to = [&](std::size_t offset) {
            const auto end = static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
            return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + end, '\n'));
        };
        const std::size_t last = lines_to(text.find_last_not_of('\n'));
        std::size_t line = parser_.problem_mark.line + 1;
        if (parser_.error == YAML_READER_ERROR) line = lines_to(parser_.problem_offset);
        if (line > last && parser_.context != nullptr) line = parser_.context_mark.line + 1;
        const char* problem = parser_.problem != nullptr ? parser_.problem : "out of memory";
        refuse(static_cast<int>(std::min(line, last)), std::string("this is no YAML: ") + problem);
    }

    std::uint32_t add(int line, const yaml_char_t* tag, const yaml_char_t* anchor, Shape shape,
                      std::string_view text) {
        if (is_second_) refuse(line, "expected one YAML document");
        if (anchor != nullptr) refuse(line, "anchors are not allowed here");
        if (tag != nullptr) refuse(line, "tags are not allowed here");
        const auto number = static_cast<std::uint32_t>(document_.values.size());
        document_.values.push_back({shape, false, line, std::string(text), {}});
        if (!open_.empty()) document_.values[open_.back()].children.push_back(number);
        return number;
    }
    void open(int line, std::uint32_t number) {
        if (open_.size() >= depth_max) refuse(line, "nested too deeply");
        open_.push_back(number);
    }

    Document& document_;
    yaml_parser_t parser_{};
    std::vector<std::uint32_t> open_;
    bool is_second_ = false;  // document
};

namespace {

using SharedFiles = std::map<std::string, YamlNode>;
thread_local std::unique_ptr<SharedFiles> shared_files;  // while there is a Sharing

}  // namespace

YamlNode::Sharing::Sharing() {
    shared_files = std::make_unique<SharedFiles>();
}
YamlNode::Sharing::~Sharing() {
    shared_files.reset();
}

YamlNode YamlNode::load(const std::string& file) {
    if (shared_files) {
        if (const auto known = shared_files->find(file); known != shared_files->end())
            return known->second;
    }
    try {
        YamlNode node = parse(read_file(file, yaml_file_bytes_max), file);
        if (shared_files) shared_files->emplace(file, node);
        return node;
    } catch (const std::system_error& error) {
        if (error.code().value() == EFBIG)
            throw RuleError(complaint_at(file, 1, "expected at most 16 MiB"));
        throw RuleError(complaint_at(file, 1, "cannot be read: " + error.code().message()));
    }
}

YamlNode YamlNode::parse(std::string text, const std::string& file) {
    if (text.size() > yaml_file_bytes_max)
        throw RuleError(complaint_at(file, 1, "expected at most 16 MiB"));
    auto document = std::make_shared<Document>();
    document->file = file;
    document->source = std::move(text);
    Reader(*document).read();
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
