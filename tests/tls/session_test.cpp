#include "tls/session.h"

#include <doctest/doctest.h>

#include "tls/overhear.h"
#include "tls/real_connection.h"
#include "tls/suite.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

constexpr Direction up = Direction::to_server, down = Direction::to_client;

/// A short talk.
RealConnection talk(RealPeers& peers, SSL_SESSION* resume = nullptr) {
    RealConnection connection(peers, resume);
    connection.handshake().send(up, "question").send(down, std::string(40000, 'a')).send(up, "bye");
    return connection;
}

std::string said(const RealConnection& connection) {
    return connection.plaintext[0] + "\n" + connection.plaintext[1];
}

}  // namespace

TEST_CASE("session: every suite of TLS 1.3") {
    for (const char* suite :
         {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
          "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"}) {
        RealPeers peers({.suites = suite});
        const RealConnection connection = talk(peers);
        Listener listener(connection.key_log);
        listener.push(connection.flights);
        CHECK(listener.seen() == said(connection));
        CHECK(suite_name(listener.session->handshake().cipher_suite) == suite);
        CHECK(listener.session->state() == Session::State::opened);
        CHECK(!listener.problem);
    }
}

TEST_CASE("session: every suite that OpenSSL offers in TLS 1.0 to 1.2, with both orders of MAC") {
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
        RealPeers all({.version = version});
        STACK_OF(SSL_CIPHER)* const ciphers = SSL_CTX_get_ciphers(all.client());
        std::size_t opened = 0;
        for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
            const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
            const std::string name = SSL_CIPHER_get_name(cipher);
            const std::string standard = SSL_CIPHER_standard_name(cipher);
            for (const bool encrypt_then_mac : {false, true}) {
                std::unique_ptr<RealConnection> connection;
                try {
                    RealPeers peers({.version = version,
                                     .ciphers = name + ":@SECLEVEL=0",
                                     .ecdsa = standard.find("ECDSA") != standard.npos,
                                     .encrypt_then_mac = encrypt_then_mac});
                    connection = std::make_unique<RealConnection>(talk(peers));
                } catch (const std::runtime_error&) {
                    continue;  // of another version, or it needs a pre-shared key
                }
                Listener listener(connection->key_log);
                listener.push(connection->flights);
                CAPTURE(standard);
                CHECK(listener.seen() == said(*connection));
                CHECK(suite_name(listener.session->handshake().cipher_suite) == standard);
                opened += listener.seen() == said(*connection);
            }
        }
        CAPTURE(version);
        CHECK(opened > 20);
    }
}
