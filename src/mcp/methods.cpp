// The methods of MCP: of revisions 2024-11-05 to 2026-07-28 and of the tasks extension.
#include <algorithm>
#include <array>
#include <string_view>

#include "mcp/message.h"

namespace umbratap::mcp {
namespace {

constexpr auto methods = std::to_array<std::string_view>({
    "completion/complete",
    "elicitation/create",
    "initialize",
    "logging/setLevel",
    "notifications/cancelled",
    "notifications/elicitation/complete",
    "notifications/initialized",
    "notifications/message",
    "notifications/progress",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/roots/list_changed",
    "notifications/subscriptions/acknowledged",
    "notifications/tasks",
    "notifications/tasks/status",
    "notifications/tools/list_changed",
    "ping",
    "prompts/get",
    "prompts/list",
    "resources/list",
    "resources/read",
    "resources/subscribe",
    "resources/templates/list",
    "resources/unsubscribe",
    "roots/list",
    "sampling/createMessage",
    "server/discover",
    "subscriptions/listen",
    "tasks/cancel",
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tasks/update",
    "tools/call",
    "tools/list",
});
static_assert(std::is_sorted(methods.begin(), methods.end()));

}  // namespace

bool is_mcp_method(std::string_view method) noexcept {
    return std::binary_search(methods.begin(), methods.end(), method);
}

std::span<const std::string_view> mcp_methods() noexcept {
    return methods;
}

}  // namespace umbratap::mcp
