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

/// "1.3"; empty for what is no version of TLS.
std::string tls_version_name(std::uint16_t version);

/// All that the client said.
inventory::TlsSighting handshake_of(const tls::Hello& hello, const HelloPlace& place);

/// Appends the name that the client asks for, if that speaks for MCP. `protocol`: "tls" or "quic".
void tell_name(const std::string& server_name, const char* protocol, const HelloPlace& place,
               const detect::Names& names, Batch<inventory::Sighting>& out);

}  // namespace umbratap::engine
