// A JSON object that is written by the dotted names of its members.
#include "report/renderings/dotted_writer.h"

#include <charconv>

namespace umbratap::report {

namespace {

std::string_view parent_of(std::string_view path) noexcept {
    const std::size_t dot = path.rfind('.');
    return path.substr(0, dot == path.npos ? 0 : dot);
}

}  // namespace

std::string& DottedWriter::key(std::string_view name) {
    if (names_ == Names::flat) return json_.key(name);
    const auto is_inside = [&] {
        return open_.empty() || (name.starts_with(open_) && name.substr(open_.size(), 1) == ".");
    };
    while (!is_inside()) {
        json_.close();
        open_ = parent_of(open_);
    }
    std::size_t begin = open_.empty() ? 0 : open_.size() + 1;
    for (std::size_t dot; (dot = name.find('.', begin)) != name.npos; begin = dot + 1) {
        json_.open(name.substr(begin, dot - begin));
        open_ = name.substr(0, dot);
    }
    return json_.key(name.substr(begin));
}

void DottedWriter::close() {
    for (; !open_.empty(); open_ = parent_of(open_)) json_.close();
    json_.close_even_if_empty();
}

void DottedWriter::text(std::string_view name, std::string_view value) {
    if (!value.empty()) write_json_string(value, key(name));
}

void DottedWriter::number(std::string_view name, std::int64_t value) {
    char digits[20];
    key(name).append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void DottedWriter::truth(std::string_view name, bool value) {
    key(name) += value ? "true" : "false";
}

void DottedWriter::texts(std::string_view name, const std::vector<std::string_view>& values) {
    if (values.empty()) return;
    std::string& out = key(name);
    char before = '[';
    for (const std::string_view value : values) {
        out.push_back(before);
        write_json_string(value, out);
        before = ',';
    }
    out.push_back(']');
}

bool DottedWriter::copy(std::string_view name, const EventReader& event, std::string_view from) {
    return event.has(from) && event.append_json(from, key(name));
}

bool DottedWriter::copy_text(std::string_view name, const EventReader& event,
                             std::string_view from) {
    std::string value;
    if (!event.append_text(from, value)) return false;
    text(name, value);
    return true;
}

void DottedWriter::copy(std::span<const Field> fields, const EventReader& event) {
    write_each(fields, [&](const Field& field) { return copy(field.name, event, field.from); });
}

}  // namespace umbratap::report
