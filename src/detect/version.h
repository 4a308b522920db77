// Versions of software, and ranges of them, as registries of packages write them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace umbratap::detect {

/// "1.3.1", "v2.0.0-beta.17", "2025.7.01", "4.0.0a1", "0.8.2-rc2+build": numbers, then perhaps a
/// pre-release, which stands before the release (Semantic Versioning 2.0, 11; PEP 440). What is
/// behind `+` does not count.
struct Version {
    std::vector<std::uint64_t> numbers;  ///< without zeros at the end
    std::vector<std::string> before;     ///< identifiers of a pre-release

    /// Unset if it is no version: anything must be wrong about it only if it is certain.
    static std::optional<Version> read(std::string_view text);
    friend std::strong_ordering operator<=>(const Version& a, const Version& b);
    friend bool operator==(const Version& a, const Version& b) { return (a <=> b) == 0; }
};

/// ">=0.0.5 <=0.1.15", "<1.24.0", "=1.0.16", "*": all of it must hold.
class VersionRange {
public:
    /// Unset if it is none.
    static std::optional<VersionRange> read(std::string_view text);
    bool holds(const Version& version) const;

private:
    enum class Relation : std::uint8_t { less, less_or_equal, equal, greater_or_equal, greater };
    struct Bound {
        Relation relation;
        Version version;
    };
    std::vector<Bound> bounds_;
};

}  // namespace umbratap::detect
