// The trie of what is looked at. Built once, at start-up; here alone stand the places of the fields
// that MCP has.
#include "mcp/plan.h"

#include <charconv>

namespace umbratap::mcp {
namespace {

struct Place {
    Field field;
    const char* pointer;
};

constexpr Place places[] = {
    {Field::version, "/jsonrpc"},
    {Field::id, "/id"},
    {Field::method, "/method"},
    {Field::params, "/params"},
    {Field::params_name, "/params/name"},
    {Field::params_uri, "/params/uri"},
    {Field::params_arguments, "/params/arguments"},
    {Field::params_protocol_version, "/params/protocolVersion"},
    {Field::params_client_name, "/params/clientInfo/name"},
    {Field::params_client_version, "/params/clientInfo/version"},
    {Field::params_meta_protocol_version, "/params/_meta/io.modelcontextprotocol~1protocolVersion"},
    {Field::params_meta_client_name, "/params/_meta/io.modelcontextprotocol~1clientInfo/name"},
    {Field::params_meta_client_version,
     "/params/_meta/io.modelcontextprotocol~1clientInfo/version"},
    {Field::result, "/result"},
    {Field::result_tools, "/result/tools"},
    {Field::result_is_error, "/result/isError"},
    {Field::result_type, "/result/resultType"},
    {Field::result_protocol_version, "/result/protocolVersion"},
    {Field::result_server_name, "/result/serverInfo/name"},
    {Field::result_server_version, "/result/serverInfo/version"},
    {Field::result_meta_server_name, "/result/_meta/io.modelcontextprotocol~1serverInfo/name"},
    {Field::result_meta_server_version,
     "/result/_meta/io.modelcontextprotocol~1serverInfo/version"},
    {Field::result_supported_versions, "/result/supportedVersions"},
    {Field::error, "/error"},
    {Field::error_code, "/error/code"},
    {Field::error_message, "/error/message"},
    {Field::error_supported_versions, "/error/data/supported"},
};
static_assert(std::size(places) == static_cast<std::size_t>(Field::count));

constexpr const char* strict_places[] = {"", "/params", "/params/_meta", "/result/_meta"};
constexpr const char* folding_places[] = {"", "/params"};

/// The index that a step means in an array (RFC 6901, 4: no leading zeros).
bool array_index(std::string_view step, std::uint32_t& index) noexcept {
    if (step.empty() || step.size() > 9 || (step.size() > 1 && step[0] == '0')) return false;
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    return error == std::errc() && end == step.data() + step.size();
}

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

/// `name` is ASCII.
bool equal_folded(std::string_view key, std::string_view name) noexcept {
    for (const char c : name) {
        std::size_t size = 1;
        char plain = '\0';
        if (key.substr(0, 2) == "\xC5\xBF") {
            plain = 's';
            size = 2;
        } else if (key.substr(0, 3) == "\xE2\x84\xAA") {
            plain = 'k';
            size = 3;
        } else if (!key.empty()) {
            plain = lower(key[0]);
        }
        if (plain != lower(c)) return false;
        key.remove_prefix(size);
    }
    return key.empty();
}

}  // namespace

Plan::Plan(const Watch& watch) : nodes_(1) {
    for (const Place& place : places) {
        fields_[static_cast<std::size_t>(place.field)] = reach(place.pointer, true);
    }
    for (const char* place : strict_places) nodes_[reach(place, true)].strict = true;
    for (const char* place : folding_places) nodes_[reach(place, true)].folds = true;
    for (std::size_t number = 0; number < watch.size(); ++number) {
        const auto pointer = static_cast<std::uint16_t>(number);
        watched_.push_back(reach(watch.pointer(pointer), false));
        nodes_[watched_.back()].pointer = pointer;
    }
}

std::uint32_t Plan::reach(std::string_view pointer, bool ours) {
    std::uint32_t at = root;
    for (std::string& step : pointer_steps(pointer)) {
        std::uint32_t next = child(nodes_[at], step);
        if (next == none) {
            next = size();
            nodes_.emplace_back();
            std::uint32_t index = 0;
            if (array_index(step, index)) nodes_[at].elements.emplace_back(index, next);
            nodes_[at].signs.push_back(sign(step));
            nodes_[at].children.emplace_back(std::move(step), next);
        }
        if (ours) nodes_[next].ours = true;
        at = next;
    }
    return at;
}

std::uint32_t Plan::folded_child(const Node& node, std::string_view key) const noexcept {
    for (const auto& [name, number] : node.children) {
        if (nodes_[number].ours && equal_folded(key, name)) return number;
    }
    return none;
}

}  // namespace umbratap::mcp
