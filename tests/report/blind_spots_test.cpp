#include "report/blind_spots.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace umbratap;
using namespace umbratap::report;

namespace {

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("blind spots: each reason is told in words, the widest first") {
    inventory::Stats stats;
    stats.packets = 1000;
    stats.flows.tcp = 500;
    stats.flows.udp = 100;
    stats.flows.one_direction = 480;
    stats.flows.midstream = 7;
    stats.payload = {90'000'000, 10'000'000, 10'000'000, 5'000'000};
    stats.blind = {{"no_key", 31'200'000}, {"quic", 10'000'000},     {"one_direction", 40'000'000},
                   {"gap", 1'000'000},     {"midstream", 2'000'000}, {"truncated", 300},
                   {"budget", 500'000},    {"ech", 200'000},         {"unsupported", 99'700}};
    stats.connections = {
        {"tls_no_key", 412}, {"quic", 3}, {"tls_ech", 1}, {"truncated_packets", 12}};
    stats.drops = {{"filter", 5}, {"bad_checksum", 0}};
    stats.cut_short = true;
    CHECK(blind_spots(stats) ==
          Lines{"A capture file is cut short; it was read up to the cut",
                "96 % of TCP connections one-directional (40.0 MB): does the mirror port send both "
                "directions?",
                "412 TLS connections without keys; --keylog takes them (31.2 MB)",
                "3 QUIC connections without keys (10.0 MB)",
                "7 connections that began before the capture did (2.00 MB)",
                "1.00 MB behind packets that are missing in the capture",
                "500 kB given up because a limit of memory or time was reached",
                "1 TLS connection with the server's name encrypted (ECH) (200 kB)",
                "connections in a version, cipher or protocol that is not read yet (99.7 kB)",
                "12 packets cut by the snap length; capture whole ones (300 bytes)",
                "5 packets left out by the filter",
                "In all, 85 % of the payload (85.0 MB of 100 MB)"});
}

TEST_CASE("blind spots: a few one-directional connections are no fault of the mirror port") {
    inventory::Stats stats;
    stats.flows.tcp = 100;
    stats.flows.one_direction = 2;
    stats.blind = {{"one_direction", 5}};
    CHECK(blind_spots(stats).front() == "2 TCP connections one-directional (5 bytes)");
}

TEST_CASE("blind spots: what the capture lost is told, though none of its bytes can be counted") {
    inventory::Stats stats;
    stats.payload.tcp = stats.payload.inspected = 100;
    stats.problems = {{"tcp.hole", 2}};
    CHECK(blind_spots(stats) == Lines{"2 holes in TCP streams, which the capture lost"});
    stats.connections = {{"truncated_packets", 2}};
    CHECK(blind_spots(stats) == Lines{"2 packets cut by the snap length; capture whole ones"});
}

TEST_CASE("blind spots: where there is none, that is said") {
    inventory::Stats stats;
    stats.payload.tcp = stats.payload.inspected = 100;
    CHECK(blind_spots(stats) == Lines{"Nothing: all payload was open to inspection"});
    CHECK(blind_spots({}) == Lines{"There was no payload to look at"});
}

TEST_CASE("blind spots: a little is not rounded down to nothing") {
    inventory::Stats stats;
    stats.payload.tcp = 1'000'000;
    stats.blind = {{"gap", 1}};
    CHECK(blind_spots(stats).back() == "In all, less than 1 % of the payload (1 byte of 1.00 MB)");
}

TEST_CASE("blind spots: nearly all is not rounded up to all") {
    inventory::Stats stats;
    stats.payload.tcp = 1000;
    stats.blind = {{"no_key", 999}};
    CHECK(blind_spots(stats).back() == "In all, over 99 % of the payload (999 bytes of 1.00 kB)");
}

TEST_CASE("blind spots: nothing found has a reason") {
    inventory::Stats stats;
    CHECK(reasons_for_nothing(stats) == Lines{"The capture holds no packets."});
    stats.packets = 5;
    CHECK(reasons_for_nothing(stats) == Lines{"There are no TCP or UDP connections in it."});
    stats.flows.udp = 1;
    CHECK(reasons_for_nothing(stats) == Lines{"There are no TCP connections in it, and no QUIC."});
    stats.flows.tcp = 1;
    CHECK(reasons_for_nothing(stats) == Lines{"Its TCP connections carry no payload."});
    stats.payload.tcp = 1000;
    CHECK(reasons_for_nothing(stats).front() ==
          "All payload (1.00 kB) was open to inspection, so there is most likely none in it.");
    stats.blind = {{"no_key", 970}};
    CHECK(reasons_for_nothing(stats).front() ==
          "97 % of the payload could not be read, for the reasons below; MCP may be in it.");
}
