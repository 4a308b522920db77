#include "detect/content_rule.h"

#include <doctest/doctest.h>

#include <string>

#include "detect/rules.h"

namespace umbratap::detect {
namespace {

ContentRule read(const std::string& lines) {
    const YamlNode file = YamlNode::parse("id: a\nsid: 3999\nkind: secret\ntitle: t\nweight: 80\n" +
                                              lines + "matches: [x]\nspares: [y]\n",
                                          "rule.yaml");
    return read_content_rule(file, 0);
}

std::string complaint(const std::string& lines) {
    try {
        read(lines);
    } catch (const RuleError& error) {
        return error.what();
    }
    return "";
}

TEST_CASE("a weight counts where rules of the kind usually look, or where it says") {
    const ContentRule rule = read("pattern: abc\n");
    CHECK(rule.weight[static_cast<std::size_t>(ContentArea::url)] == 80);
    CHECK(rule.has_values());
    CHECK(complaint("pattern: abc\nseverity: 5\n").find("rule.yaml:7") == 0);
}

TEST_CASE("a value is the end of the match, and what its vendor documents needs no check") {
    const ContentRule rule =
        read("pattern: key=.*\nvalue_bytes: 4\ncheck: [{entropy: 1.5}]\ndocumented: [\"1111\"]\n");
    CHECK(rule.value_of("key=abcd") == "abcd");
    CHECK(rule.accepts("key=abcd"));
    CHECK(!rule.accepts("key=aaaa"));
    CHECK(rule.accepts("key=1111"));
    CHECK(rule.is_documented("key=1111"));
}

TEST_CASE("a value may be looked for by something simpler than what it is") {
    CHECK(read("pattern: abc\n").search == "abc");
    CHECK(read("pattern: '\\babc'\nsearch: bc\n").search == "bc");
}

TEST_CASE("a documented number is known between blanks and hyphens") {
    const ContentRule rule = read("pattern: abc\ndocumented: [\"41111111\"]\n");
    CHECK(rule.is_documented("4111 1111"));
    CHECK(rule.is_documented("4111-1111"));
    CHECK(!rule.is_documented("4111 1112"));
    CHECK(!rule.is_documented("4111 11111"));
}

TEST_CASE("a mistake is told with its line and what was expected") {
    CHECK(complaint("patern: abc\n").find("patern") != std::string::npos);
    CHECK(complaint("") == "rule.yaml:1: expected either 'pattern' or 'hidden'");
    CHECK(complaint("pattern: abc\nhidden: tags\n") ==
          "rule.yaml:1: expected either 'pattern' or 'hidden'");
    CHECK(complaint("pattern: abc\ncheck: [luhm]\n").find("luhn") != std::string::npos);
    CHECK(complaint("pattern: abc\nsearch: ''\n") ==
          "rule.yaml:7: expected a regular expression of 1 to 2,000 bytes");
}

TEST_CASE("an instruction must not reach from one string into the next") {
    const auto instruction = [](const std::string& pattern) {
        const YamlNode file = YamlNode::parse(
            "id: a\nsid: 3999\nkind: instruction\ntitle: t\nweight: {definition: 80}\npattern: '" +
                pattern + "'\nmatches: [x]\nspares: [y]\n",
            "rule.yaml");
        return read_content_rule(file, 0).pattern;
    };
    CHECK_THROWS_AS(instruction("a.b"), RuleError);
    CHECK_THROWS_AS(instruction("a[^b]c"), RuleError);
    CHECK(instruction("a[^b\\x00.]c\\.") == "a[^b\\x00.]c\\.");
    CHECK(instruction("a ?b") == "a[\\s*_`~>,:;\"'-]{0,4}b");
}

}  // namespace
}  // namespace umbratap::detect
