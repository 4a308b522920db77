// What a ClientHello is told as, whether it came over TCP or in QUIC packets.
#pragma once

#include <cstdint>
#include <memory>

#include "base/batch.h"
#include "detect/names.h"
#include "inventory/sighting.h"
#include "tls/hello.h"

namespace umbratap::engine {

/// Where and when a hello was complete.
struct HelloPlace {
    const std::shared_ptr<const inventory::Flow>& flow;
    Time time;
    std::uint64_t packet_number;
};

/// Appends the handshake, and its server's name if that speaks for MCP. `protocol`: "tls" or
/// "quic".
void tell_hello(const tls::Hello& hello, const char* protocol, const HelloPlace& place,
                const detect::Names& names, Batch<inventory::Sighting>& out);

}  // namespace umbratap::engine
