// What a few seconds of traffic say of the place where it is listened to: does it carry both
// directions, tunnels, TLS, and more than this machine's own frames?
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "capture/frame.h"
#include "flow/flow_key.h"

namespace umbratap::engine {

struct TrafficFacts {
    std::uint64_t frames = 0, bytes = 0;  ///< as on the wire
    std::uint64_t tagged = 0;             ///< frames with a VLAN tag
    std::uint64_t tunnelled = 0;          ///< frames with an inner packet
    std::uint64_t packets = 0;            ///< frames in which there was an IP packet
    /// Frames to one station (not to many), and of these to or from this machine.
    std::uint64_t directed = 0, own = 0;
    std::uint64_t tcp_flows = 0;  ///< with enough packets to judge them
    std::uint64_t one_sided = 0;  ///< of these: one direction only
    std::uint64_t tls_flows = 0;  ///< of these: TLS records were seen
};

class TrafficSurvey {
public:
    explicit TrafficSurvey(const std::array<std::uint8_t, 6>& own_address)
        : own_address_(own_address) {}

    void push(const capture::Frame& frame);
    TrafficFacts facts() const;

    static constexpr std::size_t flows_max = 50'000;    ///< later ones are not looked at
    static constexpr std::uint32_t packets_judged = 5;  ///< a flow has at least so many

private:
    struct Flow {
        std::array<std::uint32_t, 2> packets{};  // of each direction
        bool tls = false;
    };

    std::array<std::uint8_t, 6> own_address_;
    TrafficFacts sums_;
    std::map<flow::FlowKey::Words, Flow> flows_;
};

}  // namespace umbratap::engine
