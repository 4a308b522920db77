// Addresses and the names of tunnels.
#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "packet/packet.h"

namespace umbratap::packet {
namespace {

constexpr std::uint8_t v4_mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

Address Address::from_v4(const std::uint8_t* four) noexcept {
    Address address;
    std::memcpy(address.octets.data(), v4_mapped_prefix, sizeof v4_mapped_prefix);
    std::memcpy(address.octets.data() + sizeof v4_mapped_prefix, four, 4);
    return address;
}

Address Address::from_v6(const std::uint8_t* sixteen) noexcept {
    Address address;
    std::memcpy(address.octets.data(), sixteen, 16);
    return address;
}

bool Address::is_v4() const noexcept {
    return std::memcmp(octets.data(), v4_mapped_prefix, sizeof v4_mapped_prefix) == 0;
}

std::string to_string(const Address& address) {
    char text[INET6_ADDRSTRLEN];
    const bool v4 = address.is_v4();
    return inet_ntop(v4 ? AF_INET : AF_INET6, address.octets.data() + (v4 ? 12 : 0), text,
                     sizeof text);
}

std::string_view to_string(Tunnel tunnel) noexcept {
    switch (tunnel) {
        case Tunnel::none:
            return "none";
        case Tunnel::gre:
            return "gre";
        case Tunnel::erspan:
            return "erspan";
        case Tunnel::vxlan:
            return "vxlan";
        case Tunnel::geneve:
            return "geneve";
        case Tunnel::gtp_u:
            return "gtp_u";
        case Tunnel::ip_in_ip:
            return "ip_in_ip";
        case Tunnel::mpls:
            return "mpls";
        case Tunnel::pppoe:
            return "pppoe";
    }
    return "none";
}

}  // namespace umbratap::packet
