#include "detect/rule.h"

#include <doctest/doctest.h>

#include "temporary_directory.h"

using namespace umbratap;
using detect::Place;
using detect::Rule;
using detect::Scope;

namespace {

const std::string frame =
    "id: r\nsid: 1500\ntitle: t\nweight: 50\nmatches: ['{}']\nspares: ['{}']\n";

Rule read_whole(const std::string& rule) {
    mcp::Watch watch;
    detect::Databases databases;
    detect::Reading reading{{}, watch, databases};
    return detect::read_rule(detect::YamlNode::parse(rule, "f.yaml"), reading, 0);
}

Rule read(const std::string& when) {
    return read_whole(frame + "when:\n" + when);
}

std::string complaint(const std::string& when) {
    return test::complaint_of([&] { read(when); });
}

std::string whole_complaint(const std::string& rule) {
    return test::complaint_of([&] { read_whole(rule); });
}

}  // namespace

TEST_CASE("rule: what it speaks of decides what it is held against") {
    CHECK(read("  /params/a: {exists: true}").scope == Scope::message);
    CHECK(read("  kind: result").scope == Scope::message);
    CHECK(read("  request.header.X-A: {exists: true}").scope == Scope::heads);
    CHECK(read("  text.event: endpoint\n  text.data: {shape: \"/*\"}").scope == Scope::event);
    CHECK(read("  method: ping\n  text.kind: websocket").scope == Scope::message);
}

TEST_CASE("rule: a method makes it a rule of requests and notifications") {
    CHECK(read("  method: ping").kinds == 0b0011);
    CHECK(read("  kind: notification\n  method: ping").kinds == 0b0010);
    CHECK(read("  method: [a/b, c/d]").methods == std::vector<std::string>{"a/b", "c/d"});
    CHECK(read("  method: {shape: \"a/*\"}").method_tests.size() == 1);
    CHECK(complaint("  kind: result\n  method: ping") ==
          "f.yaml:8: only requests and notifications have a method");
}

TEST_CASE("rule: names of header fields are compared in lower case") {
    const Rule rule =
        read("  request.header.Mcp-Method: a\n  response.header.X-B-*: {exists: true}");
    CHECK(rule.around[0].place == Place::request_header);
    CHECK(rule.around[0].header == "mcp-method");
    CHECK(rule.around[1].place == Place::response_header);
    CHECK(rule.around[1].header == "x-b-*");
}

TEST_CASE("rule: mistakes are told with line and what was expected") {
    CHECK(complaint("  mehtod: ping")
              .starts_with("f.yaml:8: unknown condition 'mehtod', did you mean 'method'?"));
    CHECK(complaint("  params/name: x").starts_with("f.yaml:8: unknown condition 'params/name'"));
    CHECK(
        complaint("  /a/b/c/d/e/f/g/h/i/j: x").starts_with("f.yaml:8: expected a JSON pointer: "));
    CHECK(complaint("  /a~2b: x").starts_with("f.yaml:8: expected a JSON pointer: "));
    CHECK(complaint("  kind: requests").find("did you mean 'request'?") != std::string::npos);
    CHECK(complaint("  text.event: endpoint").find("expected a condition on the message") !=
          std::string::npos);
    CHECK(complaint("  text.data: x\n  method: y")
              .find("'text.data' is for texts that are no message") != std::string::npos);
    CHECK(complaint("") == "f.yaml:1: expected the key 'when'");
    CHECK(whole_complaint("id: r\nsid: 1500\ntitle: t\nwieght: 3")
              .find("f.yaml:4: unknown key 'wieght', did you mean 'weight'?") == 0);
    CHECK(whole_complaint("id: r\nsid: 15") ==
          "f.yaml:2: expected a whole number from 1000 to 1999");
    CHECK(whole_complaint("id: r\nsid: 1500\ntitle: t\nweight: 0")
              .find("f.yaml:4: expected a whole number from 1 to 100") == 0);
    CHECK(whole_complaint("id: r\nsid: 1500\ntitle: t\nweight: 1\nwhen: {method: a}\nmatches: "
                          "[]\nspares: ['{}']") == "f.yaml:6: expected at least one example");
    CHECK(
        whole_complaint("id: r\nsid: 1500\ntitle: t\nweight: 1\nwhen: {method: a}\nmatches: ['{}']")
            .find("expected the key 'spares'") != std::string::npos);
}

TEST_CASE("rule: an example is a text, or a text with heads around it, or heads alone") {
    const auto example = [](const std::string& yaml) {
        return detect::read_example(detect::YamlNode::parse(yaml, "f.yaml"));
    };
    CHECK(example("'{\"a\":1}'").text == "{\"a\":1}");
    const detect::Example whole = example(
        "{request: {method: GET, path: /sse, authority: h, headers: {Accept: text/event-stream}}, "
        "response: {status: 201, headers: {X-A: b}},"
        " event: endpoint, text: /m}");
    CHECK(whole.request.method == "GET");
    CHECK(whole.request.target == "/sse");
    CHECK(whole.request.fields.find("accept") == "text/event-stream");
    CHECK(whole.response.status == 201);
    CHECK(whole.response.fields.find("x-a") == "b");
    CHECK(whole.event_name == "endpoint");
    CHECK(whole.kind == http::TextKind::event);
    CHECK(example("{kind: websocket, text: x}").kind == http::TextKind::websocket_message);
    CHECK_FALSE(example("{request: {path: /a}}").has_text);
    CHECK(test::complaint_of([&] { example("{}"); }).find("expected a text") != std::string::npos);
    CHECK(test::complaint_of([&] {
              example("{event: a}");
          }).find("expected at least one of request") != std::string::npos);
    CHECK(test::complaint_of([&] {
              example("{request: {stauts: 1}}");
          }).find("unknown key 'stauts'") != std::string::npos);
}
