// Where values are found, skipped and forgotten.
#include "mcp/walker.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace umbratap;
using mcp::Field;

namespace {

struct Walk {
    explicit Walk(const std::string& text_in, const mcp::Watch& watch = {})
        : text(text_in), plan(watch), walker(plan, index, 64) {
        index.read(as_bytes(text));
        walker.begin_text();
        walker.read_message();
    }
    std::string at(Field field) const {
        const mcp::Spot* spot = walker.find(plan.field(field));
        return spot ? std::string(index.between(spot->first, spot->end)) : "none";
    }
    std::string text;
    mcp::Plan plan;
    mcp::JsonIndex index;
    mcp::Walker walker;
};

}  // namespace

TEST_CASE("walker: spots span their values") {
    const Walk walk(R"({"params" : {"arguments": {"a":[1,{}]} , "name":"x"}, "id":7})");
    CHECK(walk.at(Field::params) == R"({"arguments": {"a":[1,{}]} , "name":"x"})");
    CHECK(walk.at(Field::params_arguments) == R"({"a":[1,{}]})");
    CHECK(walk.at(Field::params_name) == "\"x\"");
    CHECK(walk.at(Field::id) == "7");
    CHECK(walk.at(Field::result) == "none");
    CHECK_FALSE(walk.walker.broken());
    CHECK(walk.walker.at() == walk.index.count());
}

TEST_CASE("walker: a later twin makes what the earlier held be forgotten") {
    const Walk walk(
        R"({"params":{"name":"x","clientInfo":{"name":"c"}},"params":{"uri":"u","clientInfo":7}})");
    CHECK(walk.at(Field::params_name) == "none");
    CHECK(walk.at(Field::params_client_name) == "none");
    CHECK(walk.at(Field::params_uri) == "\"u\"");
    CHECK(walk.walker.oddities().duplicate_key);
}

TEST_CASE("walker: what a text lacks behind its end is broken, what it had before is found") {
    for (const char* end : {"", ",", ",\"", ",\"a\"", ",\"a\":", ",\"a\":1", ",\"a\":[",
                            ",\"a\":[1", "]", ":", ",]", ",:", ",1:2}", " 7}"}) {
        const Walk walk(std::string(R"({"id":1,"method":"m")") + end);
        CAPTURE(end);
        CHECK(walk.walker.broken());
        CHECK(walk.at(Field::method) == "\"m\"");
        CHECK(walk.at(Field::id) == "1");
    }
    const Walk number(R"({"method":"m","id":12)");
    CHECK(number.at(Field::id) == "none");
}

TEST_CASE("walker: a container that is cut is found, and known not to be whole") {
    const Walk walk(R"({"result":{"tools":[{"name":"a"},{"na)");
    const mcp::Spot* tools = walk.walker.find(walk.plan.field(Field::result_tools));
    REQUIRE(tools);
    CHECK_FALSE(tools->whole);
    CHECK_FALSE(walk.walker.find(walk.plan.field(Field::result))->whole);
}

TEST_CASE("walker: looking again at an array leaves the place where it was") {
    Walk walk(R"({"result":{"tools":[{"name":"a","name":"b"},7,{}]},"id":1} 8)");
    const std::uint32_t at = walk.walker.at();
    std::vector<std::string> seen;
    walk.walker.for_each_element(
        *walk.walker.find(walk.plan.field(Field::result_tools)),
        [&](std::uint32_t first, std::uint32_t end) {
            seen.emplace_back(walk.index.between(first, end));
            if (walk.index.kind(first) == '{') {
                const std::uint32_t name = walk.walker.member(first, "name");
                seen.push_back(name < walk.index.count() ? std::string(walk.index.scalar(name))
                                                         : "none");
            }
            return true;
        });
    CHECK(seen ==
          std::vector<std::string>{R"({"name":"a","name":"b"})", "\"b\"", "7", "{}", "none"});
    CHECK(walk.walker.at() == at);
    CHECK_FALSE(walk.walker.broken());
}
