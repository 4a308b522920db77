#include "capture/interface_state.h"

#include <doctest/doctest.h>

#include <iostream>
#include <vector>

#include "support/network_namespace.h"

using namespace umbratap;
using namespace umbratap::test;

TEST_CASE("interface state: the kernel tells it by index, whatever the name") {
    NetworkNamespace network;
    if (!network) {
        std::cout << "skipped: a network namespace needs root and iproute2\n";
        return;
    }
    network.add_cable("v0", "v1");
    capture::InterfaceStates states;
    const int index = static_cast<int>(if_nametoindex("v1"));
    auto state = states.find(index);
    REQUIRE(state);
    CHECK(state->name == "v1");
    CHECK(state->kind == "veth");
    CHECK(state->up);
    CHECK(state->carrier);
    CHECK(state->mtu == 1500);
    CHECK_FALSE(state->promiscuous);
    const std::uint64_t before = state->packets_in;
    FrameSender("v0").send(std::vector<std::uint8_t>(100));
    network.ip("link set dev v1 promisc on");
    network.ip("link set dev v0 down");
    state = states.find(index);
    REQUIRE(state);
    CHECK(state->packets_in == before + 1);
    CHECK(state->promiscuous);
    CHECK_FALSE(state->carrier);
    network.ip("link set dev v1 name other");
    CHECK(states.find(index)->name == "other");
    network.ip("link del v0");
    CHECK_FALSE(states.find(index));
    CHECK_FALSE(states.find(0));
    CHECK_FALSE(states.find(-1));
}
