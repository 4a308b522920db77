// One pass over the tokens of a message; no recursion, however deep it is nested.
#include "mcp/readable.h"

#include <algorithm>
#include <array>

#include "mcp/json_text.h"

namespace umbratap::mcp {
namespace {

constexpr std::size_t steps_max = 65'536;  // what lies deeper or later is told by its container
constexpr std::size_t open_max = 1'024;    // brackets at a time; no honest message has more
constexpr std::size_t place_bytes_max = 256;
constexpr std::size_t long_key_bytes = 24;  // a key of this length says more than a name does
constexpr std::size_t kept_bytes = 1 << 20;

// Members of `result` by which a server says what it is and offers.
constexpr std::array<std::string_view, 8> definitions = {
    "tools",        "prompts",    "resources",    "resourceTemplates",
    "instructions", "serverInfo", "capabilities", "supportedVersions"};

bool is_plain(std::string_view key) noexcept {
    return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '$';
    });
}

}  // namespace

void ReadableStrings::read(const JsonIndex& index, std::uint32_t first) {
    text_.clear();
    strings_.clear();
    steps_.clear();
    open_.clear();
    if (text_.capacity() > kept_bytes) std::string().swap(text_);
    std::uint32_t token = first;
    if (index.kind(token) != '{') return;
    open_.push_back({.object = true, .step = none});
    ++token;
    while (!open_.empty()) {
        Open& open = open_.back();
        const std::uint8_t kind = index.kind(token);
        if (kind == (open.object ? '}' : ']')) {
            open_.pop_back();
            ++token;
            if (!open_.empty() && index.kind(token) == ',') ++token;
            continue;
        }
        Step step{.parent = open.step};
        Area area = open.area;
        if (open.object) {
            if (kind != '"' || !index.string(token, step.key) || index.kind(token + 1) != ':')
                return;
            token += 2;
            const bool below_result = open_.size() == 2 && steps_[open.step].key == "result";
            if (below_result &&
                std::find(definitions.begin(), definitions.end(), step.key) != definitions.end())
                area = Area::definition;
            if (step.key.size() >= long_key_bytes && open_.size() > 1)
                add(index, step.key, step, area);
        } else {
            step.element = open.elements++;
        }
        if (!read_value(index, token, step, area)) return;
    }
}

void ReadableStrings::read_all(const JsonIndex& index, std::uint32_t first) {
    top_ = true;
    read(index, first);
    top_ = false;
}

/// Steps over a value, or into it. False where the text is broken, or nested as nobody would.
bool ReadableStrings::read_value(const JsonIndex& index, std::uint32_t& token, const Step& step,
                                 Area area) {
    const std::uint8_t kind = index.kind(token);
    if (kind == '{' || kind == '[') {
        if (open_.size() >= open_max) return false;
        open_.push_back({.object = kind == '{', .step = keep(step), .area = area});
        ++token;
        return true;
    }
    if (kind == '"') {
        std::string_view content;
        if (!index.string(token, content)) return false;
        if (top_ || open_.size() > 1) add(index, content, step, area);  // not of the envelope
    } else if (kind == 0 || kind == '}' || kind == ']' || kind == ':' || kind == ',') {
        return false;
    }
    ++token;
    if (index.kind(token) == ',') ++token;
    return true;
}

std::uint32_t ReadableStrings::keep(const Step& step) {
    if (steps_.size() >= steps_max) return step.parent;
    steps_.push_back(step);
    return static_cast<std::uint32_t>(steps_.size() - 1);
}

void ReadableStrings::add(const JsonIndex& index, std::string_view content, const Step& step,
                          Area area) {
    if (content.empty()) return;
    const auto begin = static_cast<std::uint32_t>(text_.size());
    append_decoded(text_, content, index.invalid_utf_8());
    strings_.push_back({begin, static_cast<std::uint32_t>(text_.size()) - begin, step, area});
    text_.push_back('\0');
}

std::size_t ReadableStrings::at(std::size_t position) const noexcept {
    const auto behind =
        std::upper_bound(strings_.begin(), strings_.end(), position,
                         [](std::size_t wanted, const String& one) { return wanted < one.begin; });
    return static_cast<std::size_t>(behind - strings_.begin()) - 1;
}

/// From the top.
std::vector<const ReadableStrings::Step*> ReadableStrings::way_to(const Step& last) const {
    std::vector<const Step*> way{&last};
    while (way.back()->parent != none) way.push_back(&steps_[way.back()->parent]);
    std::reverse(way.begin(), way.end());
    return way;
}

std::string ReadableStrings::decoded(std::string_view key) {
    std::string out;
    append_decoded(out, key, true, place_bytes_max);
    return out;
}

bool ReadableStrings::has_key(std::size_t number, std::string_view key) const {
    const std::string_view written = strings_[number].step.key;
    if (written == key) return true;
    return written.find('\\') != std::string_view::npos && decoded(written) == key;
}

std::size_t ReadableStrings::find_argument(std::string_view name) const {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    for (std::size_t i = 0; i < strings_.size(); ++i) {
        const std::string_view key = strings_[i].step.key;
        if (!std::equal(key.begin(), key.end(), name.begin(), name.end(),
                        [&](char a, char b) { return lower(a) == lower(b); }))
            continue;
        const std::vector<const Step*> way = way_to(strings_[i].step);
        if (way.size() == 3 && way[0]->key == "params" && way[1]->key == "arguments") return i;
    }
    return strings_.size();
}

bool ReadableStrings::is_argument(std::size_t number) const noexcept {
    const Step* step = &strings_[number].step;
    const Step* below = nullptr;  // the top one
    for (; step->parent != none; step = &steps_[step->parent]) below = step;
    return below != nullptr && step->key == "params" && below->key == "arguments";
}

std::vector<std::string> ReadableStrings::way_to_container(std::uint32_t container) const {
    std::vector<std::string> way;
    if (container == none) return way;
    for (const Step* step : way_to(steps_[container])) way.push_back(decoded(step->key));
    return way;
}

std::string ReadableStrings::place(std::size_t number) const {
    std::string out;
    for (const Step* step : way_to(strings_[number].step)) {
        if (out.size() > place_bytes_max) break;
        if (step->element != none) {
            out += '[' + std::to_string(step->element) + ']';
        } else if (is_plain(step->key)) {
            if (!out.empty()) out += '.';
            out += step->key;
        } else {
            out += '[';
            append_json_string(out, decoded(step->key));
            out += ']';
        }
    }
    if (out.size() > place_bytes_max) {
        out.resize(place_bytes_max);
        while (!out.empty() && (out.back() & 0x80) != 0) out.pop_back();  // no half characters
        out += "\xe2\x80\xa6";
    }
    return out;
}

std::uint32_t ReadableStrings::element_of(std::size_t number, std::string_view name) const {
    const std::vector<const Step*> way = way_to(strings_[number].step);
    if (way.size() < 3 || way[0]->key != "result" || way[1]->key != name) return none;
    return way[2]->element;
}

bool JsonReader::read(Bytes text, ReadableStrings& strings) {
    index_.read(text);
    if (index_.kind(0) != '{') return false;
    strings.read_all(index_, 0);
    return true;
}

}  // namespace umbratap::mcp
