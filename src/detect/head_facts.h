// The header fields that rules ask about, by number, so that a head is walked once and each
// condition is a look at one place.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "http/items.h"

namespace umbratap::detect {

class WatchedHeaders {
public:
    static constexpr std::size_t names_max = 64;

    /// The number of a (lower-case) name. Throws std::length_error beyond `names_max` names.
    std::uint8_t add(std::string_view name);
    std::optional<std::uint8_t> find(std::string_view name) const noexcept;

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>()(text);
        }
    };
    std::unordered_map<std::string, std::uint8_t, Hash, std::equal_to<>> numbers_;
};

/// What one head says of the watched names; the first field of a name counts.
class HeadFacts {
public:
    /// `head` may be null, and must outlive this.
    HeadFacts(const http::Head* head, const WatchedHeaders& watched) noexcept;

    bool has(std::uint8_t number) const noexcept { return (there_ >> number & 1) != 0; }
    std::string_view value(std::uint8_t number) const noexcept {
        return has(number) ? values_[number] : std::string_view();
    }
    const http::Head* head() const noexcept { return head_; }

private:
    const http::Head* head_;
    std::uint64_t there_ = 0;
    std::array<std::string_view, WatchedHeaders::names_max> values_;  // set where there
};

}  // namespace umbratap::detect
