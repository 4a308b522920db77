// What the decoder looks at in a message, as a trie over the keys: our own fields, and the pointers
// of a Watch.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcp/message.h"

namespace umbratap::mcp {

/// The values that fill the fields of a Message.
enum class Field : std::uint8_t {
    version,  ///< jsonrpc
    id,
    method,
    params,
    params_name,
    params_uri,
    params_arguments,
    params_protocol_version,
    params_client_name,
    params_client_version,
    params_meta_protocol_version,
    params_meta_client_name,
    params_meta_client_version,
    result,
    result_tools,
    result_is_error,
    result_type,
    result_protocol_version,
    result_server_name,
    result_server_version,
    result_meta_server_name,
    result_meta_server_version,
    result_supported_versions,
    error,
    error_code,
    error_message,
    error_supported_versions,
    count
};

class Plan {
public:
    explicit Plan(const Watch& watch);

    static constexpr std::uint32_t root = 0;
    static constexpr std::uint32_t none = 0;  // nothing leads to the root

    struct Node {
        std::vector<std::pair<std::string, std::uint32_t>> children;
        std::vector<std::uint32_t> signs;  ///< of the children's keys: few keys share one
        std::vector<std::pair<std::uint32_t, std::uint32_t>>
            elements;               ///< children whose keys are array indexes
        std::int32_t pointer = -1;  ///< number in the Watch
        bool strict = false;        ///< no key may come twice: the envelope, params, _meta
        bool folds = false;         ///< its `ours` children are also looked for without case
        bool ours = false;          ///< leads to a Field
    };

    const Node& node(std::uint32_t number) const noexcept { return nodes_[number]; }
    std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(nodes_.size()); }
    std::uint32_t field(Field field) const noexcept {
        return fields_[static_cast<std::size_t>(field)];
    }

    std::uint32_t watched(std::uint16_t pointer) const noexcept { return watched_[pointer]; }

    std::uint32_t child(const Node& node, std::string_view key) const noexcept {
        const std::uint32_t wanted = sign(key);
        for (std::size_t i = 0; i < node.signs.size(); ++i) {
            if (node.signs[i] == wanted && node.children[i].first == key) {
                return node.children[i].second;
            }
        }
        return none;
    }
    /// The child that a decoder without case takes for `key`: folds ASCII, U+017F (to s) and U+212A
    /// (to k), as encoding/json of Go does.
    std::uint32_t folded_child(const Node& node, std::string_view key) const noexcept;

private:
    /// Length, first and last character.
    static std::uint32_t sign(std::string_view key) noexcept {
        if (key.empty()) return 0;
        const auto byte = [&](std::size_t i) {
            return std::uint32_t{static_cast<std::uint8_t>(key[i])};
        };
        return static_cast<std::uint32_t>(key.size()) << 16 | byte(0) << 8 | byte(key.size() - 1);
    }
    std::uint32_t reach(std::string_view pointer, bool ours);

    std::vector<Node> nodes_;
    std::vector<std::uint32_t> watched_;  // by pointer
    std::array<std::uint32_t, static_cast<std::size_t>(Field::count)> fields_{};
};

/// The steps of a JSON Pointer, decoded. Throws std::invalid_argument if it is none.
std::vector<std::string> pointer_steps(std::string_view pointer);

}  // namespace umbratap::mcp
