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
    if (entries_.empty()) {  // what most heads need, at once
        text_.reserve(512);
        entries_.reserve(16);
    }
    const std::size_t start = text_.size();
    text_.append(name).append(value);
    std::transform(text_.data() + start, text_.data() + start + name.size(), text_.data() + start,
                   lower);
    entries_.push_back({static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(name.size()),
                        static_cast<std::uint32_t>(start + name.size()),
                        static_cast<std::uint32_t>(value.size())});
}

const Fields::Entry* Fields::find_entry(std::string_view name) const noexcept {
    for (const Entry& entry : entries_) {
        if (this->name(entry) == name) return &entry;
    }
    return nullptr;
}

std::string_view Fields::find(std::string_view name) const noexcept {
    const Entry* entry = find_entry(name);
    return entry == nullptr ? std::string_view() : value(*entry);
}

bool Fields::has(std::string_view name) const noexcept {
    return find_entry(name) != nullptr;
}

bool is_vital(std::string_view name) noexcept {
    return name == "host" || name == "content-length" || name == "transfer-encoding" ||
           name == "content-encoding" || name == "content-type" || name == "connection" ||
           name == "upgrade";
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
