// Host names that speak for an MCP server: known servers, wildcard families, `mcp.*`. A sign, never
// proof.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace umbratap::detect {

struct NameMatch {
    std::string rule;    ///< "known-server", "family", "mcp-label"
    std::string vendor;  ///< where the list knows it
    std::string path;    ///< of the known server; empty where any path
    int severity = 3;    ///< of the suspicion: 3 known server or family, 4 a mere label
};

class Names {
public:
    /// Reads known-mcp-servers.csv and names.yaml of `directory`. Throws RuleError.
    explicit Names(const std::string& directory);
    ~Names();
    Names(Names&&) noexcept;

    /// Whole labels, without case and trailing dot. Names of packages, documentation and marketing
    /// sites that merely hold "mcp" are no match (names.yaml lists what must be spared, with
    /// examples). A host that serves other things too (gitlab.com) is a match together with the
    /// path of its MCP server only; `path` is empty where it was not seen.
    std::optional<NameMatch> find(std::string_view host, std::string_view path = {}) const;

    std::vector<std::string> check() const;  ///< examples that fail, as Rules::check

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::detect
