// What an alert of each category is called and weighed.
#include "detect/alerts.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "detect/yaml.h"

namespace umbratap::detect {

namespace {

/// Those that the code raises: each must be in the file.
constexpr std::array<std::string_view, 24> raised = {
    "shadow-server",    "suspected-mcp",    "portal-lookalike",       "tool-not-allowed",
    "evasion",          "cleartext-mcp",    "unauthenticated-server", "sensor-restarted",
    "tool-poisoning",   "prompt-injection", "secret-exposed",         "pii-exposed",
    "indirect-mcp",     "mcp-tunnel",       "local-server-install",   "tool-drift",
    "split-view",       "tool-shadowing",   "portal-bypass",          "vulnerable-software",
    "cross-server-flow", "token-passthrough", "dns-rebinding", "outdated-revision"};

AlertKind read_kind(const YamlNode& node) {
    node.allow_only({"category", "sid", "rev", "signature", "severity", "severities", "why",
                     "advice", "metadata"});
    AlertKind kind;
    kind.category = node.at("category").text();
    kind.signature_id = static_cast<std::uint32_t>(node.at("sid").integer(2000, 999'999'999));
    if (const auto rev = node.find("rev")) kind.rev = static_cast<int>(rev->integer(1, 1'000'000));
    kind.signature = node.at("signature").text();
    kind.severity = static_cast<int>(node.at("severity").integer(1, 4));
    if (const auto severities = node.find("severities")) {
        for (const YamlMember& member : severities->members())
            kind.severities[member.key] = static_cast<int>(member.value.integer(1, 4));
    }
    kind.why = node.at("why").text();
    kind.advice = node.at("advice").text();
    if (const auto metadata = node.find("metadata")) {
        for (const YamlMember& member : metadata->members())
            kind.metadata[member.key] = member.value.texts();
    }
    return kind;
}

}  // namespace

AlertCatalogue::AlertCatalogue(const std::string& directory) {
    const YamlNode file = YamlNode::load(directory + "/alerts.yaml");
    file.allow_only({"alerts"});
    for (const YamlNode& node : file.at("alerts").elements()) {
        AlertKind kind = read_kind(node);
        for (const AlertKind& other : kinds_) {
            if (other.category == kind.category)
                node.fail("the category '" + kind.category + "' is there twice");
            if (other.signature_id == kind.signature_id)
                node.fail("the sid is taken by '" + other.category + "'");
        }
        kinds_.push_back(std::move(kind));
    }
    for (const std::string_view category : raised) {
        if (std::none_of(kinds_.begin(), kinds_.end(),
                         [&](const AlertKind& kind) { return kind.category == category; })) {
            file.fail("expected an alert of the category '" + std::string(category) + "'");
        }
    }
}

const AlertKind& AlertCatalogue::find(std::string_view category) const {
    const auto found = std::find_if(kinds_.begin(), kinds_.end(), [&](const AlertKind& kind) {
        return kind.category == category;
    });
    assert(found != kinds_.end());
    return *found;
}

}  // namespace umbratap::detect
