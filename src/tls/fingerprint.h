// Fingerprints of a TLS client, taken from its ClientHello: JA3 (Salesforce, 2017) and JA4
// (FoxIO, 2023; the TLS client fingerprint alone, which is under the BSD licence).
#pragma once

#include <string>

#include "tls/client_hello.h"
#include "tls/server_hello.h"

namespace umbratap::tls {

/// MD5 over what the client sent, in its order.
std::string ja3(const ClientHello& hello);
/// What JA3 is the MD5 of: "771,4865-4866,0-23-10,29-23,0".
std::string ja3_string(const ClientHello& hello);

/// The server's answer likewise (JA3S): MD5 of version, cipher suite, extensions.
std::string ja3s(const ServerHello& hello);

enum class Transport : char { tcp = 't', quic = 'q', dtls = 'd' };
/// Readable first part, then hashes over what the client sent, sorted.
std::string ja4(const ClientHello& hello, Transport transport);

}  // namespace umbratap::tls
