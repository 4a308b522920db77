// What the rhythm of encrypted connections says: rules/rhythm.yaml holds rules about the sizes of
// turns, with examples, and the weights of all that may speak for MCP where nobody sees content.
//
// A score with stated parts: weights are added. Sizes can be padded, and what is shared with other
// software speaks for it, too: a sign, never proof.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tls/rhythm.h"

namespace umbratap::detect {

/// A turn of one of the connections between a client and a server.
struct RhythmTurn {
    tls::Turn turn;
    bool http2 = false;
};

/// What is known beside the rhythm.
struct RhythmContext {
    std::string_view name_rule;  ///< what the server's name says, as NameMatch::rule; may be empty
    std::string_view fingerprint;                 ///< JA4 of the client; may be empty
    std::span<const std::string> protocols = {};  ///< ALPN, as the client offers it
    bool long_lived = false;  ///< a connection was still open when its turns had been noted
};

struct RhythmScore {
    std::string rule, title;  ///< the strongest rule about turns
    std::uint32_t sid = 0;
    int confidence = 0;              ///< sum of all parts, 1 to 99
    std::vector<std::string> parts;  ///< "name.mcp-label 35", "rhythm.handshake 45"
    std::string shown;               ///< the turns: "426/449 408/142 400/1145", sent/received
    bool told = false;               ///< enough to be told
};

class Rhythms {
public:
    static constexpr std::size_t turns_max = 24;  ///< what is held against rules

    /// Reads `directory`/rhythm.yaml. Throws RuleError.
    explicit Rhythms(const std::string& directory);

    /// `turns` in the order of time, up to `turns_max`. Unset where no rule about turns holds.
    std::optional<RhythmScore> weigh(std::span<const RhythmTurn> turns,
                                     const RhythmContext& context) const;
    /// What a name alone is worth; 0 if the file does not say.
    int name_weight(std::string_view name_rule) const noexcept;

    struct Info {
        std::string id, title, file, text;
        std::uint32_t sid = 0;
        int line = 0, weight = 0;
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
