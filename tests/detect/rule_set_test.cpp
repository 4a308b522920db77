#include "detect/rule_set.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <set>
#include <string>

namespace umbratap::detect {
namespace {

TEST_CASE("the rules of the product do what their examples say, and each number is one rule's") {
    const RuleSet rules(std::string(std::getenv("UMBRATAP_SOURCE_ROOT")) + "/rules");
    for (const std::string& line : rules.check()) FAIL_CHECK(line);
    std::set<std::uint32_t> numbers;
    std::set<std::string> ids;
    for (const RuleSet::Entry& entry : rules.all()) {
        CAPTURE(entry.id);
        CHECK(numbers.insert(entry.sid).second);
        CHECK(ids.insert(entry.id).second);
        CHECK(!entry.title.empty());
    }
    CHECK(ids.contains("tool-poisoning"));
    CHECK(ids.contains("conceal-from-user"));
    CHECK(ids.contains("openai-mcp-tool"));
    CHECK(ids.contains("folded-key"));
}

}  // namespace
}  // namespace umbratap::detect
