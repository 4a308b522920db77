// MCP servers that texts of other protocols name: requests that make the provider of a model
// connect to one, tools of local servers in calls of models, messages inside of tunnels.
//
// JSON is read, not searched: a prompt that quotes such JSON holds it as a string, and names
// nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/batch.h"
#include "base/bytes.h"
#include "detect/mention.h"
#include "http/items.h"

namespace umbratap::detect {

class Mentions {
public:
    /// Reads `directory`/mentions.yaml. Throws RuleError.
    explicit Mentions(const std::string& directory);
    ~Mentions();
    Mentions(Mentions&&) noexcept;

    struct Info {
        std::string id, title, file, text;
        std::uint32_t sid = 0;
        int line = 0;
        std::size_t examples = 0;
    };
    std::vector<Info> all() const;
    /// Runs every example; returns one line per example that does not do what it should.
    std::vector<std::string> check() const;

    /// One worker's memory. Keeps what it needs of its Mentions alive.
    class Finder {
    public:
        explicit Finder(const Mentions& mentions);
        ~Finder();
        Finder(Finder&&) noexcept;
        Finder& operator=(Finder&&) noexcept;

        /// False for a text that cannot name a server; cheap.
        static bool perhaps(Bytes text) noexcept;
        /// Appends the servers that a body names. A server is told once.
        void find(Bytes text, http::Direction direction, Batch<Mention>& out);

    private:
        struct State;
        std::unique_ptr<State> state_;
    };

private:
    friend class Finder;
    struct State;
    std::shared_ptr<const State> state_;
};

}  // namespace umbratap::detect
