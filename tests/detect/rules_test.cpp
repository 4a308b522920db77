#include "detect/rules.h"

#include <doctest/doctest.h>

#include "temporary_directory.h"

using namespace umbratap;
using detect::Evidence;
using detect::Rules;
using detect::Surroundings;

namespace {

const Rules& shipped() {
    static const Rules rules(test::rules_directory());
    return rules;
}

Batch<mcp::Message> read(const Rules& rules, std::string_view text) {
    mcp::Decoder decoder({}, rules.watch(), {});
    Batch<mcp::Message> messages;
    decoder.decode(as_bytes(text), false, messages);
    return messages;
}

/// Evidence of a text that holds one message.
Evidence weigh(const Rules& rules, std::string_view text, const Surroundings& around = {}) {
    const Batch<mcp::Message> messages = read(rules, text);
    REQUIRE(messages.size() == 1);
    return rules.weigh(messages[0], around);
}

std::string ids(const Rules& rules, const Evidence& evidence) {
    std::string list;
    for (const std::uint16_t number : evidence.rules)
        list += (list.empty() ? "" : " ") + rules.id(number);
    return list;
}

http::Head request(const std::string& method, const std::string& target,
                   std::initializer_list<std::pair<const char*, const char*>> fields) {
    http::Head head;
    head.method = method;
    head.target = target;
    for (const auto& [name, value] : fields) head.fields.add(name, value);
    return head;
}

std::string rule(const std::string& id, int sid, int weight, const std::string& when) {
    return "  - {id: " + id + ", sid: " + std::to_string(sid) +
           ", title: t, weight: " + std::to_string(weight) + ", when: {" + when +
           "}, matches: ['{}'], spares: ['{}']}\n";
}

struct Written {
    explicit Written(const std::string& text) { directory.write("r.yaml", text); }
    test::TemporaryDirectory directory;
    Rules rules() const { return Rules(directory.path()); }
    std::string complaint() const {
        const std::string text = test::complaint_of([&] { rules(); });
        return text.starts_with(directory.path()) ? text.substr(directory.path().size() + 1) : text;
    }
};

}  // namespace

TEST_CASE("rules: weights combine like independent doubts") {
    const Written file(
        "evidence:\n" + rule("a", 1001, 50, "method: x/y") + rule("b", 1002, 50, "kind: request") +
        rule("c", 1003, 20, "/params/k: {type: number}") + rule("d", 1004, 100, "method: z/z"));
    const Rules rules = file.rules();
    CHECK(weigh(rules, R"({"jsonrpc":"2.0","id":1,"method":"x/y"})").confidence == 75);
    CHECK(weigh(rules, R"({"jsonrpc":"2.0","id":1,"method":"x/y","params":{"k":1}})").confidence ==
          80);
    CHECK(weigh(rules, R"({"jsonrpc":"2.0","id":1,"method":"other"})").confidence == 50);
    CHECK(weigh(rules, R"({"jsonrpc":"2.0","id":1,"method":"z/z"})").confidence == 100);
    const Evidence none = weigh(rules, R"({"jsonrpc":"2.0","id":1,"result":{}})");
    CHECK(none.confidence == 0);
    CHECK(none.rules.empty());
}

TEST_CASE("rules: what was found is told in the order of the rules") {
    const Written file("evidence:\n" + rule("first", 1001, 10, "method: x/y") +
                       rule("second", 1002, 10, "kind: request") +
                       rule("third", 1003, 10, "request.method: POST") +
                       rule("fourth", 1004, 10, "method: [x/y]"));
    const Rules rules = file.rules();
    const http::Head post = request("POST", "/", {});
    Surroundings around;
    around.request = &post;
    CHECK(ids(rules, weigh(rules, R"({"jsonrpc":"2.0","id":1,"method":"x/y"})", around)) ==
          "first second third fourth");
}

TEST_CASE("rules: places around a message") {
    const Written file(
        "evidence:\n" + rule("path", 1001, 10, "request.path: /mcp") +
        rule("status", 1002, 10, "response.status: 202") +
        rule("header", 1003, 10, "request.header.x-a: {shape: \"b*\"}") +
        rule("headers", 1004, 10, "request.header.x-p-*: {equals: q}") +
        rule("no-header", 1005, 10, "request.method: PUT, request.header.x-a: {exists: false}") +
        rule("websocket", 1006, 10, "kind: request, text.kind: websocket") +
        rule("event", 1007, 10, "kind: request, text.event: message"));
    const Rules rules = file.rules();
    const auto found = [&](const http::Head& head) {
        return ids(rules, rules.weigh(head, nullptr));
    };
    CHECK(found(request("POST", "/mcp?x=/y", {})) == "path");
    CHECK(found(request("POST", "http://h.example/mcp", {})) == "path");
    CHECK(found(request("POST", "http://h.example", {})).empty());
    CHECK(found(request("POST", "/x?u=http://h/mcp", {})).empty());
    CHECK(found(request("POST", "/", {{"X-A", "bc"}})) == "header");
    CHECK(found(request("POST", "/", {{"X-P-1", "z"}, {"X-P-2", "q"}})) == "headers");
    CHECK(found(request("PUT", "/", {})) == "no-header");
    CHECK(found(request("PUT", "/", {{"X-A", ""}})).empty());
    http::Head response;
    response.is_request = false;
    response.status = 202;
    CHECK(ids(rules, rules.weigh(request("GET", "/", {}), &response)) == "status");
    Surroundings around;
    around.kind = http::TextKind::websocket_message;
    CHECK(ids(rules, weigh(rules, R"({"jsonrpc":"2.0","id":1,"method":"x"})", around)) ==
          "websocket");
    around.kind = http::TextKind::event;
    CHECK(ids(rules, weigh(rules, R"({"jsonrpc":"2.0","id":1,"method":"x"})", around)) == "event");
}

TEST_CASE("rules: of two methods in one message either may speak") {
    const Evidence last =
        weigh(shipped(), R"({"jsonrpc":"2.0","id":1,"method":"x.y","method":"tools/list"})");
    CHECK(last.confidence >= detect::confidence_confirmed);
    const Evidence first =
        weigh(shipped(), R"({"jsonrpc":"2.0","id":1,"method":"tools/list","method":"x.y"})");
    CHECK(first.confidence >= detect::confidence_confirmed);
}

TEST_CASE("rules: every example of every shipped rule does what it should") {
    for (const std::string& failure : shipped().check()) FAIL_CHECK(failure);
}

TEST_CASE("rules: each request and notification that MCP alone has is enough to be sure") {
    for (
        const char* text : {
            R"({"method":"tools/list","jsonrpc":"2.0","id":1})",
            R"({"method":"tools/call","params":{"name":"a"},"jsonrpc":"2.0","id":1})",
            R"({"method":"resources/list","jsonrpc":"2.0","id":1})",
            R"({"method":"resources/templates/list","jsonrpc":"2.0","id":1})",
            R"({"method":"resources/read","params":{"uri":"a:b"},"jsonrpc":"2.0","id":1})",
            R"({"method":"resources/subscribe","params":{"uri":"a:b"},"jsonrpc":"2.0","id":1})",
            R"({"method":"prompts/list","jsonrpc":"2.0","id":1})",
            R"({"method":"prompts/get","params":{"name":"a"},"jsonrpc":"2.0","id":1})",
            R"({"method":"logging/setLevel","params":{"level":"debug"},"jsonrpc":"2.0","id":1})",
            R"({"method":"server/discover","jsonrpc":"2.0","id":1})",
            R"({"method":"subscriptions/listen","params":{"notifications":{}},"jsonrpc":"2.0","id":1})",
            R"({"method":"sampling/createMessage","params":{"messages":[]},"jsonrpc":"2.0","id":1})",
            R"({"method":"roots/list","jsonrpc":"2.0","id":1})",
            R"({"method":"elicitation/create","params":{"message":"m"},"jsonrpc":"2.0","id":1})",
            R"({"method":"notifications/initialized","jsonrpc":"2.0"})",
            R"({"method":"notifications/resources/updated","params":{"uri":"a:b"},"jsonrpc":"2.0"})",
        }) {
        CAPTURE(text);
        CHECK(weigh(shipped(), text).confidence >= detect::confidence_confirmed);
    }
}

TEST_CASE("rules: a message with a header of MCP's is sure, whatever it says") {
    for (const auto& one :
         {std::pair("Mcp-Session-Id", "5f0e"), std::pair("MCP-Protocol-Version", "2031-12-01"),
          std::pair("mcp-method", "tools/call")}) {
        const auto& name = one.first;
        CAPTURE(name);
        const http::Head head = request("POST", "/x", {{name, one.second}});
        Surroundings around;
        around.request = &head;
        CHECK(weigh(shipped(), R"({"jsonrpc":"2.0","id":9,"result":{}})", around).confidence >=
              detect::confidence_confirmed);
        CHECK(shipped().weigh(head, nullptr).confidence >= detect::confidence_confirmed);
    }
}

TEST_CASE("rules: the endpoint event of HTTP+SSE is known without JSON") {
    CHECK(shipped().weigh_event("endpoint", "/messages/?session_id=0123", {}).confidence >=
          detect::confidence_confirmed);
    CHECK(shipped().weigh_event("message", "/messages/?session_id=0123", {}).confidence == 0);
    CHECK(shipped().weigh_event("endpoint", std::string(1'000'000, 'x'), {}).confidence == 0);
}

TEST_CASE("rules: the version changes with any letter of any file") {
    const Written one("evidence:\n" + rule("a", 1001, 50, "method: x/y")),
        same("evidence:\n" + rule("a", 1001, 50, "method: x/y")),
        other("evidence:\n" + rule("a", 1001, 51, "method: x/y"));
    CHECK(one.rules().version() == same.rules().version());
    CHECK(one.rules().version() != other.rules().version());
    CHECK(one.rules().version().size() == 16);
}

TEST_CASE("rules: what is known of a rule can be shown") {
    const detect::RuleInfo& info = shipped().all()[0];
    CHECK_FALSE(info.id.empty());
    CHECK(info.file.ends_with(".yaml"));
    CHECK(info.text.find("id: " + info.id) != std::string::npos);
    CHECK(info.text.find("spares:") != std::string::npos);
    CHECK_FALSE(info.matches.empty());
    const Written file("evidence:\n" + rule("a", 1001, 50, "method: x/y") + "confirms: []\n");
    CHECK(file.rules().all()[0].text.find("confirms") == std::string::npos);
}

TEST_CASE("rules: mistakes in files are told with file and line") {
    CHECK(Written("evidnce: []").complaint() ==
          "r.yaml:1: unknown key 'evidnce', did you mean 'evidence'?");
    CHECK(Written("evidence: []").complaint().ends_with("expected evidence rules in *.yaml"));
    CHECK(Written("other: 1").complaint().ends_with("expected evidence rules in *.yaml"));
    CHECK(
        Written("evidence:\n" + rule("a", 1001, 50, "method: x") + rule("a", 1002, 50, "method: x"))
            .complaint()
            .find("r.yaml:3: the id 'a' is taken by ") == 0);
    CHECK(
        Written("evidence:\n" + rule("a", 1001, 50, "method: x") + rule("b", 1001, 50, "method: x"))
            .complaint()
            .find("r.yaml:3: the sid 1001 is taken by ") == 0);
    CHECK(Written("evidence:\n" + rule("a", 1001, 50, "method: x") + "lists: 3\n")
              .complaint()
              .find("r.yaml:3: ") == 0);
    CHECK(Written("evidence:\n" + rule("a", 1001, 50, "method: {in: $none}")).complaint() ==
          "r.yaml:2: there is no list 'none'");
    CHECK(Written("evidence: [").complaint().find("r.yaml:") == 0);
    CHECK(test::complaint_of([] {
              Rules rules("/nowhere");
          }).starts_with("/nowhere:1: expected a directory of rule files"));
}

TEST_CASE("rules: numbers outlive a reload, also of a rule that is gone") {
    Written before("evidence:\n" + rule("a", 1001, 50, "method: x") +
                   rule("b", 1002, 50, "method: y"));
    const Rules first = before.rules();
    Written after("evidence:\n" + rule("c", 1003, 50, "method: y") +
                  rule("b", 1002, 60, "method: y"));
    const Rules second(after.directory.path(), {}, &first);
    CHECK(second.id(0) == "a");
    CHECK(second.id(1) == "b");
    CHECK(second.id(2) == "c");
    CHECK(second.all()[1].weight == 60);
    mcp::Message message;
    message.kind = mcp::Kind::request;
    message.method = "x";
    CHECK(second.weigh(message, {}).rules.empty());
    message.method = "y";
    CHECK(second.weigh(message, {}).rules == std::vector<std::uint16_t>{1, 2});
}
