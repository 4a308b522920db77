// What a ClientHello is told as.
#include "engine/hello_sightings.h"

#include <array>

namespace umbratap::engine {

void tell_hello(const tls::Hello& hello, const char* protocol, const HelloPlace& place,
                const detect::Names& names, Batch<inventory::Sighting>& out) {
    static constexpr std::array<const char*, 5> versions = {"SSL3", "1.0", "1.1", "1.2", "1.3"};
    inventory::TlsSighting sighting;
    sighting.flow = place.flow;
    sighting.time = place.time;
    sighting.packet_number = place.packet_number;
    sighting.server_name = hello.server_name;
    if (hello.version >= 0x0300 && hello.version <= 0x0304)
        sighting.version = versions[hello.version - 0x0300];
    sighting.ja3 = hello.ja3;
    sighting.ja4 = hello.ja4;
    sighting.protocols = hello.protocols;
    out.emplace_back(std::move(sighting));
    if (hello.server_name.empty()) return;
    if (const auto match = names.find(hello.server_name)) {
        out.emplace_back(inventory::NameSighting{place.flow, place.time, place.packet_number,
                                                 hello.server_name, protocol, match->rule,
                                                 match->vendor, match->severity});
    }
}

}  // namespace umbratap::engine
