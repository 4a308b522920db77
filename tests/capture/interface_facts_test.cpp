#include "capture/interface_facts.h"

#include <doctest/doctest.h>

#include <iostream>

#include "support/network_namespace.h"

using namespace umbratap;
using namespace umbratap::test;

TEST_CASE("interface facts: a hash is symmetric if its key repeats after two bytes") {
    capture::QueueHash hash;
    hash.is_toeplitz = true;
    hash.queues_used = 4;
    hash.key = {0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a};
    CHECK(hash.is_symmetric());
    hash.key[3] = 0x5b;
    CHECK_FALSE(hash.is_symmetric());
    hash.folds_both_ways = true;
    CHECK(hash.is_symmetric());
    hash = {};
    hash.queues_used = 1;
    CHECK(hash.is_symmetric());
    hash.queues_used = 2;
    CHECK_FALSE(hash.is_symmetric());
}

TEST_CASE("interface facts: what a device tells of itself") {
    NetworkNamespace network;
    if (!network) {
        std::cout << "skipped: a network namespace needs root and iproute2\n";
        return;
    }
    network.add_cable("v0", "v1");
    const auto facts = capture::find_interface_facts("v1");
    REQUIRE(facts);
    CHECK(facts->state.name == "v1");
    CHECK(facts->state.address != std::array<std::uint8_t, 6>{});
    CHECK(facts->driver == "veth");
    CHECK(facts->speed == 10000);
    CHECK(facts->queues >= 1);
    CHECK(facts->features.contains("rx-gro"));
    CHECK(facts->feature("tx-generic-segmentation").on);
    CHECK_FALSE(facts->feature("no-such-feature").on);
    CHECK(facts->feature("rx-lro").fixed);
    CHECK_FALSE(facts->hash);
    CHECK_FALSE(capture::find_interface_facts("v7"));
    CHECK_FALSE(capture::find_interface_facts("a-name-that-is-too-long"));
    CHECK(capture::find_interface_facts("lo"));
}
