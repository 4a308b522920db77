// One pass over the tokens of a message.
#include "mcp/walker.h"

#include <algorithm>
#include <functional>

#include "mcp/json_text.h"

namespace umbratap::mcp {
namespace {

constexpr std::size_t stray_keys_max = 4096;  // sorting more costs more than the answer is worth

}  // namespace

Walker::Walker(const Plan& plan, const JsonIndex& index, std::uint32_t depth_max)
    : plan_(&plan), index_(&index), depth_max_(depth_max), spots_(plan.size()) {}

void Walker::read_message() {
    if (++message_ == 0) {  // after 2^32 messages
        std::fill(spots_.begin(), spots_.end(), Spot{});
        message_ = 1;
    }
    methods_.clear();
    facts_.clear();
    has_version_ = false;
    oddities_ = {};
    value(Plan::root, false);
}

void Walker::enter_array() noexcept {
    ++place_.at;
    deepen();
}

bool Walker::next_element(bool first) noexcept {
    if (place_.broken) return false;
    if (kind() == ']') {
        ++place_.at;
        --place_.depth;
        return false;
    }
    if (first) return true;
    if (kind() != ',') {
        place_.broken = true;
        return false;
    }
    ++place_.at;
    return true;
}

void Walker::skip() noexcept {
    switch (kind()) {
        case '{':
        case '[':
            ++place_.at;
            deepen();
            skip_to_close();
            return;
        case '"': {
            std::string_view content;
            // Only the last string can be without an end.
            if (place_.at + 1 == index_->count() && !index_->string(place_.at, content))
                place_.broken = true;
            ++place_.at;
            return;
        }
        case 0:
        case '}':
        case ']':
        case ':':
        case ',':
            place_.broken = true;
            return;
        default:
            // A number at the very end of a text may have lost digits.
            if (place_.at + 1 == index_->count()) place_.broken = true;
            ++place_.at;
    }
}

/// Behind the bracket that closes what is open.
void Walker::skip_to_close() noexcept {
    std::uint32_t deepest = 0;
    if (!index_->find_close(place_.at, deepest)) place_.broken = true;
    --place_.depth;
    if (place_.depth + deepest > depth_max_) place_.too_deep = true;
}

void Walker::value(std::uint32_t number, bool folded) {
    const Plan::Node& node = plan_->node(number);
    const std::uint32_t first = place_.at;
    const std::uint8_t opening = kind();
    note(number, first);
    spots_[number].folded = folded;
    if (opening == '{' && (!node.children.empty() || node.strict)) {
        object(number);
    } else if (opening == '[' && !node.elements.empty()) {
        array(number);
    } else {
        skip();
    }
    Spot& spot = spots_[number];
    spot.end = place_.at;
    spot.whole = !place_.broken;
    if (place_.broken && opening != '{' && opening != '[') spot.message = 0;
}

void Walker::note(std::uint32_t number, std::uint32_t token) {
    spots_[number].message = message_;
    spots_[number].first = token;
    if (plan_->node(number).pointer >= 0) facts_.push_back(number);
}

void Walker::object(std::uint32_t number) {
    const Plan::Node& node = plan_->node(number);
    const std::size_t strays = stray_keys_.size();
    ++place_.at;
    deepen();
    for (bool first = true;; first = false) {
        if (first && kind() == '}') break;
        std::string_view name;
        if (!key(name, number == Plan::root)) break;
        member_value(number, name);
        if (place_.broken || kind() == '}') break;
        if (kind() != ',') {
            place_.broken = true;
            break;
        }
        ++place_.at;
    }
    if (node.strict) find_twins(strays);
    if (place_.broken) return;
    ++place_.at;
    --place_.depth;
}

/// Takes a key and its colon.
bool Walker::key(std::string_view& name, bool envelope) {
    if (kind() != '"' || !index_->string(place_.at, name) || index_->kind(place_.at + 1) != ':') {
        place_.broken = true;
        return false;
    }
    place_.at += 2;
    if (name.find('\\') == std::string_view::npos) return true;
    if (envelope && has_needless_escape(name)) oddities_.escaped_name = true;
    key_.clear();
    append_decoded(key_, name, index_->invalid_utf_8());
    name = key_;
    return true;
}

void Walker::member_value(std::uint32_t number, std::string_view name) {
    const Plan::Node& node = plan_->node(number);
    bool folded = false;
    std::uint32_t child = plan_->child(node, name);
    if (child == Plan::none && node.folds) {
        child = plan_->folded_child(node, name);
        folded = child != Plan::none;
        if (folded) oddities_.folded_key = true;
    }
    if (child == Plan::none) {
        if (node.strict && stray_keys_.size() < stray_keys_max) {
            stray_keys_.push_back(std::hash<std::string_view>{}(name));
        }
        skip();
        return;
    }
    if (child == plan_->field(Field::method) && kind() == '"') methods_.push_back(place_.at);
    if (child == plan_->field(Field::version) && kind() == '"') {
        std::string_view content;
        std::string version;
        if (index_->string(place_.at, content)) append_decoded(version, content, false, 8);
        has_version_ |= version == "2.0";
    }
    if (const Spot* earlier = find(child)) {
        if (node.strict) oddities_.duplicate_key = true;
        if (folded && !earlier->folded) {  // a key as it should be counts more than one that is not
            skip();
            return;
        }
        forget(child);
    }
    value(child, folded);
}

/// What an earlier value of the same key held does not count.
void Walker::forget(std::uint32_t number) noexcept {
    spots_[number].message = 0;
    for (const auto& [name, child] : plan_->node(number).children) {
        if (spots_[child].message == message_) forget(child);
    }
}

void Walker::array(std::uint32_t number) {
    const Plan::Node& node = plan_->node(number);
    std::uint32_t index_max = 0;
    for (const auto& [index, child] : node.elements) index_max = std::max(index_max, index);
    enter_array();
    std::uint32_t index = 0;
    for (bool first = true; next_element(first); first = false, ++index) {
        if (index > index_max) {
            skip_to_close();
            return;
        }
        std::uint32_t child = Plan::none;
        for (const auto& [wanted, candidate] : node.elements) {
            if (wanted == index) child = candidate;
        }
        child == Plan::none ? skip() : value(child, false);
    }
}

/// Keys that the plan knows are told apart by their spots.
void Walker::find_twins(std::size_t base) {
    const auto begin = stray_keys_.begin() + static_cast<std::ptrdiff_t>(base);
    if (stray_keys_.end() - begin > 1) {
        std::sort(begin, stray_keys_.end());
        if (std::adjacent_find(begin, stray_keys_.end()) != stray_keys_.end())
            oddities_.duplicate_key = true;
    }
    stray_keys_.resize(base);
}

std::uint32_t Walker::member(std::uint32_t first, std::string_view wanted) {
    const Place before = place_;
    std::uint32_t found = index_->count();
    place_ = {.at = first + 1};
    std::string_view name;
    while (kind() == '"' && key(name, false)) {
        if (name == wanted) found = place_.at;
        skip();
        if (place_.broken || kind() != ',') break;
        ++place_.at;
    }
    place_ = before;
    return found;
}

}  // namespace umbratap::mcp
