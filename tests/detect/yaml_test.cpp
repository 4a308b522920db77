#include "detect/yaml.h"

#include <doctest/doctest.h>

#include <array>

#include "temporary_directory.h"

using namespace umbratap;
using detect::YamlNode;
using test::complaint_of;

namespace {

YamlNode parse(const std::string& text) {
    return YamlNode::parse(text, "f.yaml");
}

std::string parse_complaint(const std::string& text) {
    return complaint_of([&] { parse(text); });
}

}  // namespace

TEST_CASE("yaml: values know their type and their line") {
    const YamlNode file = parse("a: text\nb:\n  - 1\n  - true\nc: {d: \"7\", e: 2.5}\nf:\n");
    CHECK(file.is_mapping());
    CHECK(file.at("a").text() == "text");
    CHECK(file.at("b").elements()[0].integer(0, 9) == 1);
    CHECK(file.at("b").elements()[1].boolean());
    CHECK(file.at("b").elements()[1].line() == 4);
    CHECK(file.at("c").at("d").is_quoted());
    CHECK_FALSE(file.at("b").elements()[0].is_quoted());
    CHECK(file.at("c").at("e").number(0, 9) == 2.5);
    CHECK_FALSE(file.find("f"));  // null is as if it were not there
    CHECK_FALSE(file.find("g"));
    CHECK(file.members().size() == 4);
    CHECK(file.members()[1].key_node.line() == 2);
}

TEST_CASE("yaml: JSON is read too") {
    const YamlNode file =
        parse("{\"list\": [\"a\\/b\", \"\\u00fc\"], \"n\": null,\n \"t\": \"true\"}");
    CHECK(file.at("list").texts() == std::vector<std::string>{"a/b", "\xc3\xbc"});
    CHECK_FALSE(file.find("n"));
    CHECK(complaint_of([&] { file.at("t").boolean(); }) == "f.yaml:2: expected true or false");
}

TEST_CASE("yaml: a value of another type is told with its line and what was expected") {
    const YamlNode file = parse("a: [1]\nb: text\nc: 12x\nd:\n  e: 1\n");
    CHECK(complaint_of([&] { file.at("a").text("a name"); }) == "f.yaml:1: expected a name");
    CHECK(complaint_of([&] { file.at("b").elements(); }) == "f.yaml:2: expected a list");
    CHECK(complaint_of([&] { file.at("b").members(); }) == "f.yaml:2: expected keys and values");
    CHECK(complaint_of([&] { file.at("b").find("x"); }) == "f.yaml:2: expected keys and values");
    CHECK(complaint_of([&] { file.at("c").integer(1, 20); }) ==
          "f.yaml:3: expected a whole number from 1 to 20");
    CHECK(complaint_of([&] { file.at("c").number(0, 1); }) ==
          "f.yaml:3: expected a number from 0 to 1");
    CHECK(complaint_of([&] { file.at("d").at("e").integer(2, 3); }) ==
          "f.yaml:5: expected a whole number from 2 to 3");
    CHECK(complaint_of([&] { file.at("d").at("f"); }) == "f.yaml:5: expected the key 'f'");
    CHECK(complaint_of([&] { file.at("d").at("e").number(2, 3); }).starts_with("f.yaml:5: "));
}

TEST_CASE("yaml: numbers that are no numbers, and bounds, are refused") {
    const YamlNode file = parse("[nan, .inf, 1e400, 99999999999999999999, 7.5, -1]");
    for (const YamlNode& node : file.elements()) {
        CHECK_THROWS_AS(node.integer(0, 100), detect::RuleError);
    }
    CHECK_THROWS_AS(file.elements()[0].number(0, 1), detect::RuleError);
    CHECK_THROWS_AS(file.elements()[2].number(0, 1e308), detect::RuleError);
}

TEST_CASE("yaml: an unknown key is told with a suggestion where one is near") {
    const YamlNode file = parse("a: 1\nwieght: 2\n");
    CHECK(complaint_of([&] {
              file.allow_only({"a", "weight"});
          }) == "f.yaml:2: unknown key 'wieght', did you mean 'weight'?");
    CHECK(complaint_of([&] {
              file.allow_only({"a", "sid"});
          }) == "f.yaml:2: unknown key 'wieght', expected one of a, sid");
    CHECK(complaint_of([&] { file.allow_only({"a", "wieght"}); }) == "nothing");
    CHECK(complaint_of([&] { parse("").allow_only({"a"}); }) == "nothing");
}

TEST_CASE("yaml: one of several words") {
    const YamlNode file = parse("[red, gren, [red]]");
    CHECK(file.elements()[0].one_of({"green", "red"}) == 1);
    CHECK(complaint_of([&] {
              file.elements()[1].one_of({"green", "red"});
          }) == "f.yaml:1: expected one of green, red, did you mean 'green'?");
    CHECK(complaint_of([&] {
              file.elements()[2].one_of({"green", "red"});
          }) == "f.yaml:1: expected one of green, red");
}

TEST_CASE("yaml: what lets a small file grow, or hides a value, is refused") {
    CHECK(parse_complaint("a: &x [1, 2]\nb: 2") == "f.yaml:1: anchors are not allowed here");
    CHECK(parse_complaint("a: 1\nb: &x 2\nc: *x")
              .starts_with("f.yaml:2: anchors are not allowed here"));
    CHECK(parse_complaint("a: 1\nb: !!binary aGk=") == "f.yaml:2: tags are not allowed here");
    CHECK(parse_complaint("a: 1\nb: 2\na: 3") == "f.yaml:3: the key 'a' is there twice");
    CHECK(parse_complaint("{[1]: 2}") == "f.yaml:1: expected a plain key");
    CHECK(parse_complaint("a: 1\n---\nb: 2") == "f.yaml:3: expected one YAML document");
    CHECK(parse_complaint(std::string(100, '[') + std::string(100, ']')) ==
          "f.yaml:1: nested too deeply");
    CHECK(parse_complaint(std::string(detect::yaml_file_bytes_max + 1, ' ')) ==
          "f.yaml:1: expected at most 16 MiB");
}

TEST_CASE("yaml: broken YAML is told with its line") {
    CHECK(parse_complaint("a: 1\nb: [1, 2\nc: 3").starts_with("f.yaml:"));
    CHECK(parse_complaint("a: 1\n\tb: 2").starts_with("f.yaml:2: this is no YAML: "));
    CHECK(parse_complaint("a: \"x").starts_with("f.yaml:"));
    CHECK(parse_complaint(std::string(5000, '[')).starts_with("f.yaml:1: "));
}

TEST_CASE("yaml: nothing is null, and null is no keys") {
    CHECK(parse("").is_null());
    CHECK(parse("# only a comment\n").is_null());
    CHECK(parse("").members().empty());
    CHECK(complaint_of([] { parse("").elements_or_one(); }) ==
          "f.yaml:1: expected a value or a list");
    CHECK(parse("one").texts() == std::vector<std::string>{"one"});
}

TEST_CASE("yaml: the source of a value can be shown as it was written") {
    const YamlNode file = parse("rules:\n  - id: a\n    weight: 1   # light\n  - id: b\n");
    const std::vector<YamlNode> rules = file.at("rules").elements();
    CHECK(rules[0].source(rules[1].line()) == "  - id: a\n    weight: 1   # light\n");
    CHECK(rules[1].source(0) == "  - id: b\n");
}

TEST_CASE("yaml: a file that is not there is told by its name") {
    CHECK(complaint_of([] { YamlNode::load("/nowhere/x.yaml"); }) ==
          "/nowhere/x.yaml:1: cannot be read: No such file or directory");
    const test::TemporaryDirectory directory;
    CHECK(complaint_of([&] {
              YamlNode::load(directory.path());
          }).starts_with(directory.path() + ":1: cannot be "));
    directory.write("a.yaml", "k: v\n");
    CHECK(YamlNode::load(directory.path() + "/a.yaml").at("k").text() == "v");
}

TEST_CASE("suggestion: only what is near is suggested") {
    constexpr std::array<std::string_view, 3> words = {"hosts", "paths", "require_tls"};
    CHECK(detect::suggestion("host", words) == ", did you mean 'hosts'?");
    CHECK(detect::suggestion("hsots", words) == ", did you mean 'hosts'?");
    CHECK(detect::suggestion("requiretls", words) == ", did you mean 'require_tls'?");
    CHECK(detect::suggestion("colour", words).empty());
    CHECK(detect::suggestion(std::string(1000, 'h'), words).empty());
}
