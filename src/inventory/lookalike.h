// Names made to look like an approved one, to a person or to careless software.
#pragma once

#include <string>
#include <string_view>

namespace umbratap::inventory {

/// What a reader sees: letters of other scripts, accents and digits as the ASCII letters that they
/// resemble. Two names with one skeleton look the same. `name` is normalised (detect/host_name.h).
std::string skeleton(const std::string& name);

/// An approved name, prepared once for comparison with many others. All names are normalised.
class ApprovedName {
public:
    explicit ApprovedName(std::string name);

    const std::string& name() const noexcept { return name_; }
    /// Why `other` looks like it without being it or one of its subdomains: "homograph"
    /// (portaI.example), "embedded" (portal.example.evil.tld, portal-example.evil.tld); empty if it
    /// does not. `other_skeleton` is `skeleton(other)`.
    std::string_view borrowed_by(const std::string& other, const std::string& other_skeleton) const;

private:
    std::string name_, skeleton_, hyphened_;
};

}  // namespace umbratap::inventory
