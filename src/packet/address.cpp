// Addresses and the names of tunnels.
#include <arpa/inet.h>

#include "packet/packet.h"

namespace umbratap::packet {

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
