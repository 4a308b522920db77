// The walk through one frame, from its outermost header to the innermost transport. Private to
// packet/.
//
// Each layer is a function that looks at the front of `rest`, takes its header off, and says which
// layer comes next. The loop that calls them is in decode.cpp; nothing recurses. Every layer but a
// wrapper comes at most once an IP header, wrappers are counted, and each one shortens `rest`:
// hence the walk ends.
//
//   frame   | Ethernet | VLAN | IPv4 | UDP | VXLAN | Ethernet | IPv4 | TCP | payload | padding |
//   rest                                   ^ at - - - - - - - - - - - - - - - - - - - end
//
// Whenever an IP header is sound the packet becomes the one of that header. So if something deeper
// turns out to be broken or no IP at all, the packet is that of the last sound header: half a
// truth.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/problem.h"
#include "packet/packet.h"

namespace umbratap::packet {

struct Walk;

/// Which layer comes next; none ends the walk.
struct Step {
    using Layer = Step (*)(Walk&) noexcept;
    Layer layer = nullptr;
};

inline constexpr Step finished{};

struct Walk {
    Packet& packet;
    const DecodeLimits& limits;
    Bytes rest;           ///< captured, not yet taken off
    std::size_t cut = 0;  ///< bytes behind `rest` that belong to it, and that the capture left out
    Problem problem = no_problem;
    Tunnel tunnel = Tunnel::none;
    std::array<std::uint16_t, 2> vlans{no_vlan, no_vlan};
    int wrappers = 0;
    int extension_headers = 0;   ///< since the last IP header
    bool v6 = false;             ///< the last IP header was one of IPv6
    bool outer_address = false;  ///< an IP header was met already

    const std::uint8_t* at() const noexcept { return rest.data(); }
    bool has(std::size_t count) const noexcept { return rest.size() >= count; }
    std::size_t on_wire() const noexcept { return rest.size() + cut; }

    void skip(std::size_t count) noexcept { rest = rest.subspan(count); }

    /// Cuts off what stands behind `length` bytes (padding, trailers). False if that is more than
    /// there was on the wire; what is too little then counts as cut: mirrors that shorten frames do
    /// so without telling (AWS, ERSPAN).
    bool trim(std::size_t length) noexcept {
        const bool enough = length <= on_wire();
        if (length <= rest.size()) rest = rest.first(length);
        cut = length - rest.size();
        return enough;
    }

    void blame(const char* name) noexcept { problem = problem.or_else(Problem(name)); }

    Step stop(const char* name) noexcept {
        blame(name);
        return finished;
    }

    /// A header does not fit. Where the capture is what cut it, nobody is to blame for it.
    Step too_short(const char* name) noexcept { return stop(cut > 0 ? "packet.cut_short" : name); }

    /// Counts a wrapper. False if that is one too many.
    bool wrap() noexcept {
        if (++wrappers <= limits.wrappers_max) return true;
        blame("packet.too_many_wrappers");
        return false;
    }

    /// The same for a wrapper that carries packets of another network: the tags so far were those
    /// of the outer one.
    bool wrap(Tunnel kind) noexcept {
        tunnel = kind;
        vlans = {no_vlan, no_vlan};
        return wrap();
    }
};

/// What there is of a packet before its transport header was read.
inline void clear_transport(Packet& packet) noexcept {
    packet.segment = {};
    packet.segment_length = 0;
    packet.tcp_sequence = packet.tcp_acknowledgement = 0;
    packet.source_port = packet.target_port = 0;
    packet.tcp_window = 0;
    packet.transport = Transport::none;
    packet.tcp_flags = 0;
    packet.header_length = 0;
}

// link.cpp
Step::Layer layer_of_link_type(std::uint16_t link_type) noexcept;

// ethernet.cpp
Step ethernet(Walk& walk) noexcept;
Step llc(Walk& walk) noexcept;
/// `none` for types that lead to no IP packet.
Step::Layer layer_of_ether_type(std::uint16_t ether_type) noexcept;
/// What follows a field that is an EtherType or, below 0x600, a length of IEEE 802.3.
Step ether_type_or_length(Walk& walk, std::uint16_t field) noexcept;
/// Whether these bytes look like an Ethernet frame that leads somewhere: for wrappers that do not
/// say what they hold.
bool plausible_ethernet(Bytes bytes) noexcept;

// label.cpp
Step mpls(Walk& walk) noexcept;
Step pppoe(Walk& walk) noexcept;
Step ppp(Walk& walk) noexcept;
Step nsh(Walk& walk) noexcept;

// network.cpp
Step ipv4(Walk& walk) noexcept;
Step ipv6(Walk& walk) noexcept;
/// IPv4 or IPv6, as the version nibble says.
Step ip(Walk& walk) noexcept;
Step upper_layer(Walk& walk, std::uint8_t protocol) noexcept;
bool plausible_ip(Bytes bytes) noexcept;
/// For what plausible_ip takes for IPv4: the header checksum is right, or was left to the network
/// card.
bool ipv4_checksum_plausible(Bytes bytes) noexcept;

// extension.cpp: the headers between IP and transport
Step options_header(Walk& walk) noexcept;
Step hop_by_hop_header(Walk& walk) noexcept;
Step routing_header(Walk& walk) noexcept;
Step fragment_header(Walk& walk) noexcept;
Step authentication_header(Walk& walk) noexcept;

// transport.cpp
Step tcp(Walk& walk) noexcept;
Step udp(Walk& walk) noexcept;
Step icmp(Walk& walk) noexcept;
Step icmp_v6(Walk& walk) noexcept;
Step sctp(Walk& walk) noexcept;
Step other_transport(Walk& walk) noexcept;

// tunnel.cpp: wrappers in IP
Step ipv4_in_ip(Walk& walk) noexcept;
Step ipv6_in_ip(Walk& walk) noexcept;
Step ethernet_in_ip(Walk& walk) noexcept;
Step mpls_in_ip(Walk& walk) noexcept;
Step gre(Walk& walk) noexcept;

// port_tunnel.cpp: wrappers in UDP
/// The wrapper that a UDP port promises. It looks before it believes, and leaves the UDP packet as
/// it is if it does not.
Step::Layer layer_of_udp_port(std::uint16_t port) noexcept;

}  // namespace umbratap::packet
