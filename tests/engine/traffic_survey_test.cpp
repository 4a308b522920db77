#include "engine/traffic_survey.h"

#include <doctest/doctest.h>

#include "support/packet_builder.h"

using namespace umbratap;
using namespace umbratap::test;
using engine::TrafficFacts;
using engine::TrafficSurvey;

namespace {

constexpr std::array<std::uint8_t, 6> own{2, 0, 0, 0, 0, 9};

void push(TrafficSurvey& survey, const Octets& frame, int times = 1) {
    for (int i = 0; i < times; ++i) survey.push(frame_of(frame));
}

Octets there(std::uint16_t port, std::string_view payload = "x") {
    return ethernet(ip({}, tcp({.source_port = port, .target_port = 443}, payload)));
}

Octets back(std::uint16_t port) {
    return ethernet(ip({.source = "10.0.0.2", .target = "10.0.0.1"},
                       tcp({.source_port = 443, .target_port = port}, "y")));
}

}  // namespace

TEST_CASE("traffic survey: flows are one-sided or not, once there is enough of them") {
    TrafficSurvey survey(own);
    push(survey, there(1), 3);
    push(survey, back(1), 3);
    push(survey, there(2), 6);
    push(survey, there(3), 4);  // too few to tell
    push(survey, there(4, std::string_view("\x16\x03\x01\x00\x05", 5)), 5);
    push(survey, back(4));
    const TrafficFacts facts = survey.facts();
    CHECK(facts.frames == 22);
    CHECK(facts.packets == 22);
    CHECK(facts.tcp_flows == 3);
    CHECK(facts.one_sided == 1);
    CHECK(facts.tls_flows == 1);
    CHECK(facts.tunnelled == 0);
}

TEST_CASE("traffic survey: tags, tunnels, and whose frames they are") {
    TrafficSurvey survey(own);
    const Octets inner = ip({}, tcp({}, "x"));
    push(survey, ethernet(vlan(7, 0x0800, inner), 0x8100), 2);
    push(survey, ethernet(ip({.protocol = 4}, inner)));
    Octets to_us = ethernet(inner);
    std::copy(own.begin(), own.end(), to_us.begin());
    push(survey, to_us);
    Octets from_us = ethernet(inner);
    std::copy(own.begin(), own.end(), from_us.begin() + 6);
    push(survey, from_us);
    Octets to_all = ethernet(inner);
    std::fill(to_all.begin(), to_all.begin() + 6, 0xff);
    push(survey, to_all);
    push(survey, ethernet(Octets(40), 0x0806));
    push(survey, {});
    const TrafficFacts facts = survey.facts();
    CHECK(facts.frames == 8);
    CHECK(facts.packets == 6);
    CHECK(facts.tagged == 2);
    CHECK(facts.tunnelled == 1);
    CHECK(facts.directed == 6);
    CHECK(facts.own == 2);
}

TEST_CASE("traffic survey: the table of flows is bounded") {
    TrafficSurvey survey(own);
    for (std::uint32_t i = 0; i < TrafficSurvey::flows_max + 1000; ++i) {
        const Octets frame =
            ethernet(ip({}, tcp({.source_port = static_cast<std::uint16_t>(i % 60000),
                                 .target_port = static_cast<std::uint16_t>(1 + i / 60000)},
                                "x")));
        push(survey, frame, 5);
    }
    CHECK(survey.facts().tcp_flows == TrafficSurvey::flows_max);
}
