// The ClientHello in few words.
#include "tls/hello.h"

#include "tls/client_hello.h"
#include "tls/fingerprint.h"
#include "tls/handshake.h"
#include "tls/record.h"

namespace umbratap::tls {

/// 1 | length 15 bits | 1 | version 2 | cipher suites... (RFC 5246, E.2)
bool can_be_ssl_2(Bytes start) noexcept {
    if (start.size() > 0 && (start[0] & 0x80) == 0) return false;
    if (start.size() > 2 && start[2] != message_type::client_hello) return false;
    if (start.size() > 3 && start[3] != 3 && start[3] != 0) return false;
    return start.size() < 5 || (start[3] == 3 ? start[4] <= 3 : start[4] == 2);
}

bool looks_like_tls(Bytes start) noexcept {
    return can_be_record(start) || can_be_ssl_2(start);
}

Hello summary_of(ClientHello&& sent, bool whole, Transport transport) {
    Hello hello;
    hello.version = highest_version(sent);
    hello.encrypted_client_hello = sent.encrypted_client_hello;
    if (whole) {  // a part has another fingerprint than the whole
        hello.ja3 = ja3(sent);
        hello.ja4 = ja4(sent, transport);
    }
    hello.server_name = std::move(sent.server_name);
    hello.protocols = std::move(sent.protocols);
    return hello;
}

Problem read_client_hello(Bytes body, Transport transport, Hello& hello) noexcept {
    ClientHello sent;
    const Problem problem = decode(body, sent);
    hello = summary_of(std::move(sent), problem != Problem{"tls.bad_hello"}, transport);
    return problem;
}

}  // namespace umbratap::tls
