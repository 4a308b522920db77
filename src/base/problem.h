// What was wrong with traffic, by name: `Problem{"ipv4.bad_length"}`.
//
// Malformed input is data, not an error of ours: a stage returns the first thing that was wrong
// beside its results, the engine counts it by name (`stats.problems`,
// `umbratap_problems_total{name}`) and tells the first of a kind per flow as an `anomaly` event.
// Names are string literals, `layer.what`, lower case; there is a closed number of them.
#pragma once

#include <string_view>

namespace umbratap {

class Problem {
public:
    constexpr Problem() noexcept = default;
    /// `name` must be a string literal: only its address is kept.
    explicit constexpr Problem(const char* name) noexcept : name_(name) {}

    constexpr explicit operator bool() const noexcept { return name_ != nullptr; }
    constexpr std::string_view name() const noexcept {
        return name_ ? std::string_view(name_) : std::string_view();
    }

    /// The first problem stays: `worst = worst.or_else(next)`.
    constexpr Problem or_else(Problem next) const noexcept { return name_ ? *this : next; }

    friend constexpr bool operator==(Problem a, Problem b) noexcept { return a.name() == b.name(); }

private:
    const char* name_ = nullptr;
};

inline constexpr Problem no_problem{};

}  // namespace umbratap
