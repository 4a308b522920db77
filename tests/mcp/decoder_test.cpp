// Messages of every revision, and texts that were written or damaged to be read differently by
// others.
#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "mcp/message.h"

using namespace umbratap;
using mcp::JsonType;
using mcp::Kind;
using mcp::Message;

namespace {

struct Reading {
    Problem problem;
    std::vector<Message> messages;
    const Message& only() const {
        REQUIRE(messages.size() == 1);
        return messages[0];
    }
};

Reading read(std::string_view text, mcp::Wanted wanted = {.payloads = true},
             const mcp::Watch& watch = {}, const mcp::Limits& limits = {}) {
    // An exact heap copy: nothing may be read behind the end.
    const std::vector<std::uint8_t> exact(text.begin(), text.end());
    mcp::Decoder decoder(limits, watch, wanted);
    Reading reading;
    reading.problem = decoder.decode(exact, false, reading.messages);
    return reading;
}

}  // namespace

TEST_CASE("decoder: a request has a method and an id, a notification has no id") {
    const auto request = read(R"({"jsonrpc":"2.0","id":7,"method":"tools/list"})").only();
    CHECK(request.kind == Kind::request);
    CHECK(request.method == "tools/list");
    CHECK(request.id == "7");
    CHECK(request.bytes == 46);
    const auto notification =
        read(R"({"jsonrpc":"2.0","method":"notifications/initialized"})").only();
    CHECK(notification.kind == Kind::notification);
    CHECK(notification.id.empty());
    CHECK(read(R"({"jsonrpc":"2.0","id":null,"method":"x"})").only().kind == Kind::notification);
}

TEST_CASE("decoder: an id is kept as JSON, and equal ids look equal") {
    CHECK(read(R"({"jsonrpc":"2.0","id":"a","method":"x"})").only().id == R"("a")");
    CHECK(read(R"({"jsonrpc":"2.0","id":"\u0061\"","method":"x"})").only().id == R"("a\"")");
    CHECK(read(R"({"jsonrpc":"2.0","id":-1.5e400,"method":"x"})").only().id == "-1.5e400");
    CHECK(read(R"({"jsonrpc":"2.0","id":123456789012345678901234567890,"result":{}})").only().id ==
          "123456789012345678901234567890");
    CHECK(read(R"({"jsonrpc":"2.0","id":7x,"method":"x"})").only().id.empty());
    CHECK(read(R"({"jsonrpc":"2.0","id":{"a":1},"method":"x"})").only().id.empty());
}

TEST_CASE("decoder: results and errors, and which of them counts when both are there") {
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"result":{}})").only().kind == Kind::result);
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"result":null})").only().kind == Kind::result);
    const auto error =
        read(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no \u00e9"}})").only();
    CHECK(error.kind == Kind::error);
    CHECK(error.error_code == -32601);
    CHECK(error.error_message == "no \xC3\xA9");
    CHECK(read(R"({"jsonrpc":"2.0","error":{"code":1e3,"message":""}})").only().error_code == 0);
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"result":{},"error":null})").only().kind == Kind::result);
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1}})").only().kind ==
          Kind::error);
}

TEST_CASE("decoder: what is no JSON-RPC 2.0 is no message and no problem") {
    for (const char* text :
         {R"({"method":"tools/call","id":1})", R"({"jsonrpc":"1.0","method":"x"})",
          R"({"jsonrpc":2.0,"method":"x"})", R"({"jsonrpc":"2.0"})",
          R"({"jsonrpc":"2.0","method":7})", R"({"a":{"jsonrpc":"2.0","method":"x"}})",
          R"([[{"jsonrpc":"2.0","method":"x"}]])", "[]", "{}", "", "  ", "null", "\"jsonrpc\"",
          "<html>jsonrpc</html>", "[1,2,3]"}) {
        CAPTURE(text);
        const auto reading = read(text);
        CHECK(reading.messages.empty());
        CHECK_FALSE(reading.problem);
    }
}

TEST_CASE("decoder: what tools/call, prompts/get and resources/read name, in any order of keys") {
    CHECK(
        read(
            R"({"method":"tools/call","params":{"name":"run","arguments":{"a":[1]}},"jsonrpc":"2.0","id":1})")
            .only()
            .tool == "run");
    const auto call =
        read(
            R"({"params":{"arguments":{"name":"no"},"name":"run"},"jsonrpc":"2.0","id":1,"method":"tools/call"})")
            .only();
    CHECK(call.tool == "run");
    CHECK(call.arguments == R"({"name":"no"})");
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p"}})")
              .only()
              .prompt == "p");
    CHECK(
        read(
            R"({"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"file:\/\/\/a"}})")
            .only()
            .resource_uri == "file:///a");
    CHECK(read(R"({"jsonrpc":"2.0","id":1,"method":"x","params":[1,2]})").only().method == "x");
}
