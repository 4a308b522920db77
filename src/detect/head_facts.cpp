// Walks a head once.
#include "detect/head_facts.h"

#include <stdexcept>

namespace umbratap::detect {

std::uint8_t WatchedHeaders::add(std::string_view name) {
    if (const auto known = find(name)) return *known;
    if (numbers_.size() >= names_max)
        throw std::length_error("expected at most 64 different header fields in all rules");
    const auto number = static_cast<std::uint8_t>(numbers_.size());
    numbers_.emplace(name, number);
    return number;
}

std::optional<std::uint8_t> WatchedHeaders::find(std::string_view name) const noexcept {
    const auto found = numbers_.find(name);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

HeadFacts::HeadFacts(const http::Head* head, const WatchedHeaders& watched) noexcept : head_(head) {
    if (head == nullptr) return;
    const http::Fields& fields = head->fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto number = watched.find(fields.name(i));
        if (!number || has(*number)) continue;
        there_ |= std::uint64_t{1} << *number;
        values_[*number] = fields.value(i);
    }
}

}  // namespace umbratap::detect
