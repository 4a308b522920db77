// Messages that are written so that different readers read them differently: rules/evasions.yaml
// says which of them are told, and how.
//
// What is looked for is a closed list, since it needs code: fields of the message against fields of
// the head around it, and how the message is written.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/batch.h"
#include "detect/finding.h"
#include "http/items.h"
#include "mcp/message.h"

namespace umbratap::detect {

class Evasions {
public:
    /// Reads `directory`/evasions.yaml. Throws RuleError.
    explicit Evasions(const std::string& directory);

    /// Appends what is odd about a message; `strings` are its, `request` the head before it, if
    /// there is one and the client sent the message.
    void find(const mcp::Message& message, const mcp::ReadableStrings& strings,
              const http::Head* request, Batch<Finding>& out) const;
    /// What a problem (`tcp.conflicting_overlap`) is where MCP is carried; null if it is nothing.
    const Finding* find_problem(std::string_view name) const noexcept;

    struct Info {
        std::string id, title, file, text;
        std::uint32_t sid = 0;
        int line = 0;
        std::size_t examples = 0;
    };
    std::vector<Info> all() const;
    /// Runs every example; returns one line per example that does not do what it should.
    std::vector<std::string> check() const;

private:
    struct State;
    std::shared_ptr<const State> state_;
};

}  // namespace umbratap::detect
