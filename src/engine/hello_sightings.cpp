// What a ClientHello is told as.
#include "engine/hello_sightings.h"

#include <array>

namespace umbratap::engine {

std::string tls_version_name(std::uint16_t version) {
    static constexpr std::array<const char*, 5> names = {"SSL3", "1.0", "1.1", "1.2", "1.3"};
    return version >= 0x0300 && version <= 0x0304 ? names[version - 0x0300U] : "";
}

inventory::TlsSighting handshake_of(const tls::Hello& hello, const HelloPlace& place) {
    inventory::TlsSighting sighting;
    sighting.flow = place.flow;
    sighting.time = place.time;
    sighting.packet_number = place.packet_number;
    sighting.server_name = hello.server_name;
    sighting.version = tls_version_name(hello.version);
    sighting.ja3 = hello.ja3;
    sighting.ja4 = hello.ja4;
    sighting.protocols = hello.protocols;
    sighting.encrypted_client_hello = hello.encrypted_client_hello;
    return sighting;
}

void tell_name(const std::string& server_name, const char* protocol, const HelloPlace& place,
               const detect::Names& names, Batch<inventory::Sighting>& out) {
    if (server_name.empty()) return;
    if (const auto match = names.find(server_name)) {
        out.emplace_back(inventory::NameSighting{place.flow, place.time, place.packet_number,
                                                 server_name, protocol, match->rule, match->vendor,
                                                 match->severity});
    }
}

}  // namespace umbratap::engine
