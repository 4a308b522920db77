// The vocabulary of MCP.
#include <doctest/doctest.h>

#include "mcp/message.h"

using namespace umbratap;

TEST_CASE("methods: those of every revision are known") {
    for (const char* method :
         {"initialize", "ping", "tools/list", "tools/call", "resources/templates/list",
          "logging/setLevel", "sampling/createMessage", "roots/list", "elicitation/create",
          "tasks/result", "tasks/update", "server/discover", "subscriptions/listen",
          "notifications/cancelled", "notifications/tasks", "notifications/tasks/status",
          "notifications/subscriptions/acknowledged", "notifications/elicitation/complete"}) {
        CHECK_MESSAGE(mcp::is_mcp_method(method), method);
    }
}

TEST_CASE("methods: those of other protocols are not") {
    for (const char* method :
         {"", "Initialize", "initialized", "textDocument/hover", "message/send", "eth_call",
          "tools", "tools/", "tools/call ", "session/new", "notifications/"}) {
        CHECK_FALSE_MESSAGE(mcp::is_mcp_method(method), method);
    }
}
