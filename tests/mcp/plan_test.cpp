// The trie: our own places, those of a Watch, and keys without case.
#include "mcp/plan.h"

#include <doctest/doctest.h>

using namespace umbratap;
using mcp::Field;
using mcp::Plan;

TEST_CASE("plan: watched pointers share the nodes of our own fields") {
    mcp::Watch watch;
    watch.add("/params/name");
    watch.add("/params/name/first");
    const Plan plan(watch);
    CHECK(plan.watched(0) == plan.field(Field::params_name));
    CHECK(plan.node(plan.watched(0)).pointer == 0);
    CHECK(plan.node(plan.field(Field::params_uri)).pointer == -1);
    CHECK(plan.child(plan.node(plan.watched(0)), "first") == plan.watched(1));
    CHECK(plan.child(plan.node(Plan::root), "nothing") == Plan::none);
}

TEST_CASE("plan: keys fold as Go folds them, into our own fields only") {
    mcp::Watch watch;
    watch.add("/watched");
    const Plan plan(watch);
    const auto& root = plan.node(Plan::root);
    CHECK(plan.folded_child(root, "METHOD") == plan.field(Field::method));
    CHECK(plan.folded_child(root, "param\xC5\xBF") == plan.field(Field::params));
    CHECK(plan.folded_child(root, "re\xC5\xBFULT") == plan.field(Field::result));
    CHECK(plan.folded_child(root, "Watched") == Plan::none);
    CHECK(plan.folded_child(root, "methodx") == Plan::none);
    CHECK(plan.folded_child(root, "metho") == Plan::none);
    CHECK(plan.folded_child(root, "\xE2\x84\xAA") == Plan::none);
    CHECK(plan.folded_child(plan.node(plan.field(Field::params)), "protocolversion") ==
          plan.field(Field::params_protocol_version));
}

TEST_CASE("plan: steps that are array indexes are known as such") {
    mcp::Watch watch;
    watch.add("/result/tools/0/name");
    watch.add("/result/tools/01");
    watch.add("/result/tools/12");
    const Plan plan(watch);
    const auto& tools = plan.node(plan.field(Field::result_tools));
    REQUIRE(tools.elements.size() == 2);
    CHECK(tools.elements[0].first == 0);
    CHECK(tools.elements[1].first == 12);
    CHECK(tools.children.size() == 3);
}
