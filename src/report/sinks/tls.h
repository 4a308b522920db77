// TLS of the sinks that speak it themselves: the receiver's certificate is verified, with its name.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "report/output.h"

namespace umbratap::report {

struct TlsContextFree {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
struct TlsFree {
    void operator()(SSL* tls) const noexcept { SSL_free(tls); }
};
using TlsContext = std::unique_ptr<SSL_CTX, TlsContextFree>;
using Tls = std::unique_ptr<SSL, TlsFree>;

/// Reads certificates and key. Throws SinkError.
TlsContext make_tls_context(const Output& output);

/// A client on a connected socket, that will accept `name` only: a host name or an address.
Tls make_tls(SSL_CTX* context, int socket, const std::string& name) noexcept;

/// Why the last call on `tls` failed, as text.
std::string tls_trouble(SSL* tls, int result);

}  // namespace umbratap::report
