// Header fields of one message (RFC 9110, 5), owned.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace umbratap::http {

class Fields {
public:
    /// Names are kept in lower case, values without surrounding white space.
    void add(std::string_view name, std::string_view value);

    /// The value of the first field of that (lower-case) name; empty where there is none.
    std::string_view find(std::string_view name) const noexcept;
    bool has(std::string_view name) const noexcept;

    std::size_t size() const noexcept { return entries_.size(); }
    std::string_view name(std::size_t i) const noexcept { return name(entries_[i]); }
    std::string_view value(std::size_t i) const noexcept { return value(entries_[i]); }

private:
    struct Entry {
        std::uint32_t name, name_length, value, value_length;  // places in text_
    };
    std::string_view name(const Entry& entry) const noexcept {
        return {text_.data() + entry.name, entry.name_length};
    }
    std::string_view value(const Entry& entry) const noexcept {
        return {text_.data() + entry.value, entry.value_length};
    }
    const Entry* find_entry(std::string_view name) const noexcept;

    std::string text_;
    std::vector<Entry> entries_;
};

/// Names that decide on framing or meaning: kept even beyond the limits. `name` is in lower case.
bool is_vital(std::string_view name) noexcept;

/// True if comma-separated `list` holds `token`, compared without case ("gzip, br" holds "br").
bool list_holds(std::string_view list, std::string_view token) noexcept;

/// The media type without parameters, lower case: "text/event-stream" of "Text/Event-Stream;
/// charset=utf-8".
std::string media_type(std::string_view content_type);

}  // namespace umbratap::http
