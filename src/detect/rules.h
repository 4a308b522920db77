// What MCP looks like is data: rules/*.yaml, each rule with examples that match and examples that
// must not.
//
// A rule speaks of fields of one message and of the exchange around it:
//
//     - id: mcp-initialize
//       sid: 1001
//       title: initialize request with a dated protocol version
//       weight: 90                     # confidence that this alone gives, 0..100
//       when:
//         kind: request
//         method: initialize
//         /params/protocolVersion: {matches: "^(20[0-9]{2}-|DRAFT-)"}
//         /params/capabilities: {type: object}
//       matches: ['{"jsonrpc":"2.0",…}']
//       spares: ['{"jsonrpc":"2.0",…}']
//
// The weights of all rules that match combine to a confidence (see Evidence). What a rule cannot
// say needs code, not a cleverer language.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "http/items.h"
#include "mcp/message.h"

namespace umbratap::detect {

/// A rule file, policy or config that cannot be used (exit status 3). `what()` is "file:line: what
/// was expected".
class RuleError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What surrounds a message: heads of its exchange, where there are any.
struct Surroundings {
    const http::Head* request = nullptr;
    const http::Head* response = nullptr;  ///< only for texts of a response
    http::TextKind kind = http::TextKind::body;
    std::string_view event_name;  ///< of a server-sent event
};

/// What rules found in one message: numbers of rules (see Rules::id), and the confidence that they
/// give together: 100 * (1 - product of (1 - weight/100)), rounded.
struct Evidence {
    std::vector<std::uint16_t> rules;
    std::uint8_t confidence = 0;
};

/// What a rule with a category says by itself, without any message: a tunnel, a package, a
/// discovery.
struct Sign {
    std::string_view id, title, category;
    std::uint32_t sid = 0;
    int severity = 0;     ///< 0: that of the category
    bool silent = false;  ///< it says nothing alone, but what the response mentions counts
};

struct RuleInfo {
    std::string id;
    std::uint32_t sid = 0;
    std::string title, file, reference;
    int line = 0;
    int weight = 0;
    std::vector<std::string> matches, spares;
    std::string text;  ///< as written in the file, for `rules explain`
};

class Rules {
public:
    /// Reads `directory`/*.yaml that hold evidence rules. What their regular expressions compile to
    /// is kept in `cache_directory`, see Databases. Rules keep the numbers that they had `before`.
    /// Throws RuleError.
    explicit Rules(const std::string& directory, const std::string& cache_directory = {},
                   const Rules* before = nullptr);
    ~Rules();
    Rules(Rules&&) noexcept;
    Rules& operator=(Rules&&) noexcept;

    /// The pointers that the decoder has to watch for `weigh`.
    const mcp::Watch& watch() const noexcept;

    Evidence weigh(const mcp::Message& message, const Surroundings& around) const;
    /// Evidence of an exchange's heads alone (Mcp-Method, MCP-Protocol-Version, Mcp-Session-Id),
    /// before any message.
    Evidence weigh(const http::Head& request, const http::Head* response) const;
    /// Appends the rules that see in an exchange's heads what is told by itself (see Sign).
    /// `response` is null as long as it is not known.
    void find_signs(const http::Head& request, const http::Head* response,
                    std::vector<std::uint16_t>& out) const;
    /// Of a rule that find_signs gave.
    Sign sign(std::uint16_t rule) const;
    /// Evidence of an event that is no JSON (`event: endpoint`).
    Evidence weigh_event(std::string_view event_name, std::string_view data,
                         const Surroundings& around) const;

    const std::vector<RuleInfo>& all() const noexcept;
    const std::string& id(std::uint16_t rule) const { return all()[rule].id; }
    std::string version() const;  ///< a hash over all rule files, for events and metrics

    /// Runs every example of every rule; returns one line per example that does not do what it
    /// should.
    std::vector<std::string> check() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// From this confidence on, what carries a message is MCP; below, a message counts only inside what
/// is already known.
inline constexpr std::uint8_t confidence_confirmed = 60;

}  // namespace umbratap::detect
