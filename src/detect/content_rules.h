// What messages say: instructions to the model, hidden text, secrets, personal data. Rules are data
// in rules/*.yaml under `content:`; rules/README.md, "Content", explains them.
//
// All strings of a message are searched at once by Hyperscan; only those with a hit are looked at
// closely. Nothing of a message but redacted excerpts leaves this.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/batch.h"
#include "base/problem.h"
#include "detect/content_rule.h"
#include "detect/finding.h"
#include "http/items.h"
#include "mcp/message.h"

namespace umbratap::detect {

class ContentRules {
public:
    /// Reads `directory`/*.yaml that hold content rules; what they compile to is kept in
    /// `cache_directory`, see Databases. Throws RuleError.
    explicit ContentRules(const std::string& directory, const std::string& cache_directory = {});
    ~ContentRules();
    ContentRules(ContentRules&&) noexcept;

    const std::vector<ContentRule>& all() const noexcept;
    /// Runs every example; returns one line per example that does not do what it should.
    std::vector<std::string> check() const;

    /// One worker's scratch memory. Keeps what it needs of its ContentRules alive.
    class Inspector {
    public:
        explicit Inspector(const ContentRules& rules);
        ~Inspector();
        Inspector(Inspector&&) noexcept;
        Inspector& operator=(Inspector&&) noexcept;

        /// Appends what is found in a message that was read by mcp::Decoder; `strings` are its.
        Problem inspect(const mcp::Message& message, const mcp::ReadableStrings& strings,
                        http::Direction direction, Batch<Finding>& out) noexcept;
        /// Appends what is found in the head of a request to an MCP server.
        Problem inspect(const http::Head& request, Batch<Finding>& out) noexcept;
        /// Whether this one rule speaks of `text`, wherever it looks.
        bool speaks(const ContentRule& rule, const std::string& text) noexcept;

    private:
        struct State;
        std::unique_ptr<State> state_;
    };

private:
    struct State;
    std::shared_ptr<const State> state_;
};

}  // namespace umbratap::detect
