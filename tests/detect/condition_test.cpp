#include "detect/condition.h"

#include <doctest/doctest.h>

#include "detect/glob.h"
#include "temporary_directory.h"

using namespace umbratap;
using detect::Condition;
using mcp::JsonType;

namespace {

Condition read(const std::string& yaml, Condition::Values values = Condition::Values::json) {
    static const detect::TextLists lists = {{"colours", {"red", "green"}}};
    static detect::Databases databases;
    return Condition::read(detect::YamlNode::parse(yaml, "f.yaml"), lists, values, databases);
}

std::string complaint(const std::string& yaml, Condition::Values values = Condition::Values::json) {
    return test::complaint_of([&] { read(yaml, values); });
}

}  // namespace

TEST_CASE("condition: a value may have to be there, or not") {
    CHECK(read("{exists: true}").holds(JsonType::null, ""));
    CHECK_FALSE(read("{exists: true}").holds(JsonType::absent, ""));
    CHECK(read("{exists: false}").holds(JsonType::absent, ""));
    CHECK_FALSE(read("{exists: false}").holds(JsonType::null, ""));
}

TEST_CASE("condition: a value may have to be of one of several types") {
    const Condition condition = read("{type: [object, absent, \"null\"]}");
    CHECK(condition.holds(JsonType::object, ""));
    CHECK(condition.holds(JsonType::absent, ""));
    CHECK(condition.holds(JsonType::null, ""));
    CHECK_FALSE(condition.holds(JsonType::array, ""));
    CHECK_FALSE(read("{type: string}").holds(JsonType::absent, ""));
    CHECK(read("{type: [null]}").holds(JsonType::null, ""));
}

TEST_CASE("condition: all tests of one condition must hold") {
    const Condition condition = read("{type: string, shape: \"a*\", matches: \"z$\"}");
    CHECK(condition.holds(JsonType::string, "a to z"));
    CHECK_FALSE(condition.holds(JsonType::string, "a to y"));
    CHECK_FALSE(condition.holds(JsonType::string, "b to z"));
    CHECK_FALSE(read("{exists: true, type: [string, absent]}").holds(JsonType::absent, ""));
}

TEST_CASE("condition: a text that looks like a number is no number") {
    CHECK(read("{equals: 7}").holds(JsonType::number, "7"));
    CHECK_FALSE(read("{equals: 7}").holds(JsonType::string, "7"));
    CHECK(read("{equals: \"7\"}").holds(JsonType::string, "7"));
    CHECK_FALSE(read("{equals: \"7\"}").holds(JsonType::number, "7"));
    CHECK(read("{in: [-32020, x]}").holds(JsonType::number, "-32020"));
    CHECK(read("{equals: 7}", Condition::Values::text).holds(JsonType::string, "7"));
}

TEST_CASE("condition: one of several texts, from a named list too") {
    const Condition condition = read("{in: [blue, $colours]}");
    CHECK(condition.holds(JsonType::string, "blue"));
    CHECK(condition.holds(JsonType::string, "green"));
    CHECK_FALSE(condition.holds(JsonType::string, "$colours"));
    CHECK_FALSE(condition.holds(JsonType::string, "Green"));
    CHECK(read("\"$colours\"").holds(JsonType::string, "$colours"));
    CHECK(read("[red, blue]").holds(JsonType::string, "blue"));
}

TEST_CASE("condition: what names of methods a rule asks for can be told, unless it asks more") {
    CHECK(read("tools/call").only_texts() == std::vector<std::string>{"tools/call"});
    CHECK(read("{in: $colours}").only_texts() == std::vector<std::string>{"red", "green"});
    CHECK(read("{shape: \"tools/*\"}").only_texts().empty());
    CHECK(read("{in: $colours, shape: \"r*\"}").only_texts().empty());
}

TEST_CASE("condition: mistakes are told with line and what was expected") {
    CHECK(complaint("{equal: 7}") == "f.yaml:1: unknown key 'equal', did you mean 'equals'?");
    CHECK(complaint("{}").starts_with("f.yaml:1: expected at least one of exists"));
    CHECK(complaint("{in: $colour}") ==
          "f.yaml:1: there is no list 'colour', did you mean 'colours'?");
    CHECK(complaint("{type: strng}").find("did you mean 'string'?") != std::string::npos);
    CHECK(complaint("{type: string}", Condition::Values::text) ==
          "f.yaml:1: only JSON values have types");
    CHECK(complaint("{equals: [1, 2]}") ==
          "f.yaml:1: expected one value; for several there is 'in'");
    CHECK(complaint("{exists: maybe}") == "f.yaml:1: expected true or false");
    CHECK(complaint("{matches: \"(\"}")
              .starts_with("f.yaml:1: this regular expression cannot be used: "));
    CHECK(complaint("{matches: \"(a)\\\\1\"}")
              .starts_with("f.yaml:1: this regular expression cannot be used: "));
}

TEST_CASE("shape: a # is a digit, a * is anything, all else is itself") {
    CHECK(detect::has_shape("2026-07-28", "20##-##-##"));
    CHECK(detect::has_shape("2099-99-99", "20##-##-##"));
    for (const char* other : {"2026-07-2", "2026-07-281", " 2026-07-28", "2026-O7-28", "1999-01-01",
                              "", "20##-##-##"}) {
        CAPTURE(other);
        CHECK_FALSE(detect::has_shape(other, "20##-##-##"));
    }
    CHECK(detect::has_shape("DRAFT-2025-v3", "DRAFT-20##-*"));
    CHECK(detect::has_shape("a/b", "*/*"));
    CHECK(detect::has_shape("/", "*/*"));
    CHECK_FALSE(detect::has_shape("ab", "*/*"));
    CHECK(detect::has_shape("", "*"));
    CHECK(detect::has_shape("", ""));
    CHECK_FALSE(detect::has_shape("a", ""));
}

TEST_CASE("glob: a long text against many stars ends") {
    const std::string text(20000, 'a');
    CHECK_FALSE(detect::glob_matches(text, "*a*a*a*a*a*a*a*a*b"));
    CHECK(detect::glob_matches(text, "*a*a*a*a*"));
    CHECK(detect::glob_matches("x#y", "x#*"));
    CHECK_FALSE(detect::glob_matches("x7y", "x#*"));
}
