// Header fields of one message.
#include "http/fields.h"

#include <algorithm>

namespace umbratap::http {

namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

bool equal_without_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

void Fields::add(std::string_view name, std::string_view value) {
    name = trimmed(name);
    value = trimmed(value);
    Entry entry;
    entry.name = static_cast<std::uint32_t>(text_.size());
    entry.name_length = static_cast<std::uint32_t>(name.size());
    for (const char c : name) text_.push_back(lower(c));
    entry.value = static_cast<std::uint32_t>(text_.size());
    entry.value_length = static_cast<std::uint32_t>(value.size());
    text_.append(value);
    entries_.push_back(entry);
}

std::string_view Fields::find(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (this->name(i) == name) return value(i);
    }
    return {};
}

bool Fields::has(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (this->name(i) == name) return true;
    }
    return false;
}

std::string_view Fields::name(std::size_t i) const noexcept {
    return std::string_view(text_).substr(entries_[i].name, entries_[i].name_length);
}

std::string_view Fields::value(std::size_t i) const noexcept {
    return std::string_view(text_).substr(entries_[i].value, entries_[i].value_length);
}

bool list_holds(std::string_view list, std::string_view token) noexcept {
    while (true) {
        const std::size_t comma = list.find(',');
        if (equal_without_case(trimmed(list.substr(0, comma)), token)) return true;
        if (comma == std::string_view::npos) return false;
        list.remove_prefix(comma + 1);
    }
}

std::string media_type(std::string_view content_type) {
    std::string type(trimmed(content_type.substr(0, content_type.find(';'))));
    std::transform(type.begin(), type.end(), type.begin(), lower);
    return type;
}

}  // namespace umbratap::http
