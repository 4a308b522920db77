// An EVE event, read with simdjson's DOM: it refuses what is no JSON as a whole, and keeps its
// buffers.
#include "report/renderings/event_reader.h"

#include <simdjson.h>

#include <charconv>
#include <chrono>

#include "report/json.h"

namespace umbratap::report {

namespace {

namespace dom = simdjson::dom;

template <class Number>
void append_digits(Number number, std::string& out) {
    char digits[32];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_value(dom::element value, std::string& out);

void append_members(dom::object object, std::string& out) {
    char before = '{';
    for (const dom::key_value_pair member : object) {
        out.push_back(before);
        write_json_string(member.key, out);
        out.push_back(':');
        append_value(member.value, out);
        before = ',';
    }
    if (before == '{') out.push_back('{');
    out.push_back('}');
}

void append_elements(dom::array array, std::string& out) {
    char before = '[';
    for (const dom::element element : array) {
        out.push_back(before);
        append_value(element, out);
        before = ',';
    }
    if (before == '[') out.push_back('[');
    out.push_back(']');
}

// As deep as simdjson reads, 1024 levels.
void append_value(dom::element value, std::string& out) {
    switch (value.type()) {
        case dom::element_type::OBJECT:
            return append_members(value.get_object().value_unsafe(), out);
        case dom::element_type::ARRAY:
            return append_elements(value.get_array().value_unsafe(), out);
        case dom::element_type::STRING:
            return write_json_string(value.get_string().value_unsafe(), out);
        case dom::element_type::INT64:
            return append_digits(value.get_int64().value_unsafe(), out);
        case dom::element_type::UINT64:
            return append_digits(value.get_uint64().value_unsafe(), out);
        case dom::element_type::DOUBLE:
            return append_digits(value.get_double().value_unsafe(), out);
        case dom::element_type::BOOL:
            out += value.get_bool().value_unsafe() ? "true" : "false";
            return;
        case dom::element_type::NULL_VALUE:
            out += "null";
            return;
    }
}

}  // namespace

struct EventReader::Simd {
    dom::parser parser{line_bytes_max};
    dom::element root;

    std::optional<dom::element> find(std::string_view path) const {
        dom::element at = root;
        while (!path.empty()) {
            const std::string_view key = path.substr(0, path.find('.'));
            path.remove_prefix(std::min(path.size(), key.size() + 1));
            dom::object object;
            if (at.get(object) != simdjson::SUCCESS || object[key].get(at) != simdjson::SUCCESS)
                return {};
        }
        return at;
    }

    template <class Value>
    std::optional<Value> get(std::string_view path) const {
        const std::optional<dom::element> found = find(path);
        Value value;
        if (!found || found->get(value) != simdjson::SUCCESS) return {};
        return value;
    }
};

EventReader::EventReader() : simd_(std::make_unique<Simd>()) {}
EventReader::~EventReader() = default;

bool EventReader::read(std::string_view line) {
    if (line.size() > line_bytes_max) return false;
    if (simd_->parser.parse(line.data(), line.size()).get(simd_->root) != simdjson::SUCCESS ||
        !simd_->root.is_object())
        return false;
    type_ = text("event_type");
    const std::optional<std::int64_t> time = microseconds_of(text("timestamp"));
    microseconds_ = time.value_or(0);
    return time && !type_.empty() && !text("event_id").empty();
}

bool EventReader::has(std::string_view path) const {
    return simd_->find(path).has_value();
}

std::string_view EventReader::text(std::string_view path) const {
    return simd_->get<std::string_view>(path).value_or(std::string_view());
}

std::optional<std::int64_t> EventReader::integer(std::string_view path) const {
    return simd_->get<std::int64_t>(path);
}

std::optional<double> EventReader::number(std::string_view path) const {
    return simd_->get<double>(path);
}

bool EventReader::truth(std::string_view path) const {
    return simd_->get<bool>(path).value_or(false);
}

std::vector<std::string_view> EventReader::texts(std::string_view path) const {
    std::vector<std::string_view> found;
    const std::optional<dom::array> array = simd_->get<dom::array>(path);
    if (!array) return found;
    for (const dom::element element : *array) {
        std::string_view text;
        if (element.get(text) == simdjson::SUCCESS) found.push_back(text);
    }
    return found;
}

double EventReader::sum(std::string_view path) const {
    double total = 0;
    const std::optional<dom::object> object = simd_->get<dom::object>(path);
    if (!object) return 0;
    for (const dom::key_value_pair member : *object) {
        double value = 0;
        if (member.value.get(value) == simdjson::SUCCESS) total += value;
    }
    return total;
}

bool EventReader::append_json(std::string_view path, std::string& out) const {
    const std::optional<dom::element> found = simd_->find(path);
    if (found) append_value(*found, out);
    return found.has_value();
}

bool EventReader::append_text(std::string_view path, std::string& out) const {
    const std::optional<dom::element> found = simd_->find(path);
    if (!found) return false;
    if (std::string_view text; found->get(text) == simdjson::SUCCESS) {
        out += text;
    } else if (found->is_array()) {
        std::string_view before;
        for (const std::string_view each : texts(path)) {
            out.append(before).append(each);
            before = ",";
        }
    } else {
        append_value(*found, out);
    }
    return true;
}

std::optional<std::int64_t> microseconds_of(std::string_view timestamp) noexcept {
    constexpr std::string_view form = "0000-00-00T00:00:00.000000+0000";
    if (timestamp.size() != form.size()) return {};
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool digit = timestamp[i] >= '0' && timestamp[i] <= '9';
        if (form[i] == '0' && i < form.size() - 4 ? !digit : timestamp[i] != form[i]) return {};
    }
    const auto part = [&](std::size_t at, std::size_t length) {
        int value = 0;
        for (const char c : timestamp.substr(at, length)) value = 10 * value + (c - '0');
        return value;
    };
    const std::chrono::year_month_day date{std::chrono::year(part(0, 4)),
                                           std::chrono::month(static_cast<unsigned>(part(5, 2))),
                                           std::chrono::day(static_cast<unsigned>(part(8, 2)))};
    if (!date.ok() || part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 59) return {};
    const std::chrono::microseconds since =
        std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(part(11, 2)) +
        std::chrono::minutes(part(14, 2)) + std::chrono::seconds(part(17, 2)) +
        std::chrono::microseconds(part(20, 6));
    return since.count();
}

}  // namespace umbratap::report
