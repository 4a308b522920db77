// Software with known weaknesses, by the name and version that it gives itself in MCP:
// rules/vulnerable-software.yaml.
//
// A name is whatever its author wrote, and many servers give the version of their SDK instead of
// their own: the file lists only what is known to speak for itself. A version that cannot be read
// is no finding.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/message.h"

namespace umbratap::detect {

struct Weakness {
    std::string id;                         ///< "CVE-2025-6514"
    std::string software;                   ///< what it is, in words
    std::string summary, fixed, reference;  ///< fixed: the first version without it; empty: none
    int severity = 2;
    std::string matched;  ///< name and version that were seen
};

class Software {
public:
    enum class Side : std::uint8_t { server, client };

    /// Reads `directory`/vulnerable-software.yaml. Throws RuleError.
    explicit Software(const std::string& directory);

    /// Appends what is known of an implementation.
    void find(const mcp::Implementation& software, Side side, std::vector<Weakness>& out) const;

    std::size_t size() const noexcept;
    std::size_t examples() const noexcept;
    /// Runs every example; returns one line per example that does not do what it should.
    std::vector<std::string> check() const;

private:
    struct State;
    std::shared_ptr<const State> state_;
};

}  // namespace umbratap::detect
