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

TEST_CASE("session: what both sides said of themselves") {
    RealPeers peers;
    const RealConnection connection = talk(peers);
    Listener listener(connection.key_log);
    listener.push(connection.flights);
    const Handshake& is = listener.session->handshake();
    CHECK(is.has_client);
    CHECK(is.has_server);
    CHECK(is.has_certificate);
    CHECK(is.client.server_name == "server.example");
    CHECK(is.version == 0x0304);
    CHECK(is.certificate_subject == "Server Example");
    CHECK(is.certificate_issuer == "Server Example");
    CHECK(is.certificate_names ==
          std::vector<std::string>{"server.example", "*.server.example", "10.0.0.7"});
    CHECK(is.ja3s.size() == 32);
    CHECK(!is.resumed);
    listener.session->forget_handshake();
    CHECK(!listener.session->handshake().has_client);
}

TEST_CASE("session: without keys TLS 1.2 shows its certificate, TLS 1.3 does not") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        RealPeers peers({.version = version});
        const RealConnection connection = talk(peers);
        Listener listener;
        listener.push(connection.flights);
        CHECK(listener.session->handshake().has_certificate == (version == TLS1_2_VERSION));
        CHECK(listener.session->handshake().has_server);
        CHECK(listener.seen() == "\n");
        CHECK(listener.session->state() == Session::State::closed);
        CHECK(listener.session->closed() == Closed::no_key);
        CHECK(listener.session->why_no_key() == WhyNoKey::no_entry);
        CHECK(listener.session->accounts().no_key > 40000);
        CHECK(listener.budget.used() == 0);
    }
}

TEST_CASE("session: a HelloRetryRequest") {
    RealPeers peers({.client_groups = "X25519:P-384", .server_groups = "P-384"});
    const RealConnection connection = talk(peers);
    Listener listener(connection.key_log);
    listener.push(connection.flights);
    CHECK(listener.seen() == said(connection));
}

TEST_CASE("session: resumed, by a ticket or a session id; the log has a line for each connection") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        for (const bool tickets : {false, true}) {
            RealPeers peers({.version = version, .tickets = tickets});
            RealConnection first = talk(peers);
            RealConnection second = talk(peers, first.session().get());
            REQUIRE(second.resumed());
            Listener listener(second.key_log);
            listener.push(second.flights);
            CHECK(listener.seen() == said(second));
            CHECK(listener.session->handshake().resumed);
        }
    }
}

TEST_CASE("session: resumed, and only the first connection had its secret in the log") {
    for (const bool tickets : {false, true}) {
        RealPeers peers({.version = TLS1_2_VERSION, .tickets = tickets});
        RealConnection first = talk(peers);
        RealConnection second = talk(peers, first.session().get());
        REQUIRE(second.resumed());
        Listener listener(first.key_log);
        listener.push(first.flights);
        listener.begin();
        listener.pushed = 0;
        for (int i : {0, 1}) listener.text[i].clear(), listener.offset[i] = 0;
        listener.push(second.flights);
        CHECK(listener.seen() == said(second));
    }
}

TEST_CASE("session: RSA key exchange with the server's private key, and with a pre-master secret") {
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
        for (const bool extended : {false, true}) {
            for (const char* cipher : {"AES128-SHA", "AES256-GCM-SHA384"}) {
                if (version < TLS1_2_VERSION && cipher[3] == '2') continue;
                RealPeers peers({.version = version,
                                 .ciphers = std::string(cipher) + ":@SECLEVEL=0",
                                 .extended_master = extended});
                RealConnection connection = talk(peers);
                CAPTURE(version);
                CAPTURE(extended);
                Listener listener;
                listener.secrets.add_private_key(Identity::of(false).pem());
                listener.push(connection.flights);
                CHECK(listener.seen() == said(connection));
                // OpenSSL logs "RSA <prefix> <pre-master>" beside the master secret.
                std::string log = connection.key_log;
                log.erase(log.find("CLIENT_RANDOM"), log.find('\n', log.find("CLIENT_RANDOM")) -
                                                         log.find("CLIENT_RANDOM") + 1);
                REQUIRE(log.starts_with("RSA "));
                Listener with_premaster(log);
                with_premaster.push(connection.flights);
                CHECK(with_premaster.seen() == said(connection));
            }
        }
    }
}

TEST_CASE("session: another server's private key opens nothing") {
    RealPeers peers({.version = TLS1_2_VERSION, .ciphers = "AES128-SHA:@SECLEVEL=0"});
    const RealConnection connection = talk(peers);
    Listener listener;
    Owned<EVP_PKEY, EVP_PKEY_free> key(EVP_RSA_gen(1024));
    Owned<BIO, BIO_free_all> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    listener.secrets.add_private_key({text, static_cast<std::size_t>(size)});
    listener.push(connection.flights);
    CHECK(listener.seen() == "\n");
    CHECK(listener.session->closed() == Closed::no_key);
}

TEST_CASE("session: early data is told once the server takes it") {
    RealPeers peers({.early_data = true});
    RealConnection first = talk(peers);
    RealConnection second(peers, first.session().get());
    second.send_early("early question");
    REQUIRE(second.early_taken());
    second.handshake().send(down, "answer").send(up, "more");
    Listener listener(second.key_log);
    listener.push(second.flights);
    CHECK(listener.seen() == said(second));
    CHECK(listener.session->handshake().early_data);
    CHECK(listener.order == "><>");

    SUBCASE("without its key it is missed, and the rest is not") {
        std::string log = second.key_log;
        const std::size_t at = log.find("CLIENT_EARLY");
        log.erase(at, log.find('\n', at) - at + 1);
        Listener without(log);
        without.push(second.flights);
        CHECK(without.seen() == "more\nanswer");
        CHECK(without.session->accounts().no_key > 0);
    }
}

TEST_CASE("session: early data that the server refuses was never said") {
    RealPeers peers({.early_data = true});
    RealConnection first = talk(peers);
    SSL_CTX_set_max_early_data(peers.server(), 0);
    SSL_CTX_set_recv_max_early_data(peers.server(), 16384);  // skips it
    RealConnection second(peers, first.session().get());
    second.send_early("early question");
    REQUIRE(!second.early_taken());
    second.plaintext[0].clear();
    second.handshake().send(up, "the question").send(down, "answer");
    Listener listener(second.key_log);
    listener.push(second.flights);
    CHECK(listener.seen() == said(second));
    CHECK(!listener.problem);
}

TEST_CASE("session: keys are updated in either direction, again and again") {
    RealPeers peers;
    RealConnection connection(peers);
    connection.handshake().send(up, "one");
    for (int i = 0; i < 3; ++i) {
        connection.update_key(up).send(up, "two").send(down, "three");
        connection.update_key(down).send(down, "four").send(up, "five");
    }
    Listener listener(connection.key_log);
    listener.push(connection.flights);
    CHECK(listener.seen() == said(connection));

    SUBCASE("up to a limit") {
        SessionLimits limits;
        limits.key_changes_max = 2;
        Listener limited(connection.key_log, limits);
        limited.push(connection.flights);
        CHECK(limited.problem == Problem{"tls.too_many_key_changes"});
        CHECK(limited.session->closed() == Closed::budget);
        CHECK(limited.seen() != said(connection));
        CHECK(limited.session->accounts().budget > 0);
    }
}

TEST_CASE("session: TLS 1.2 is renegotiated") {
    for (const char* cipher : {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA"}) {
        RealPeers peers(
            {.version = TLS1_2_VERSION, .ciphers = std::string(cipher) + ":@SECLEVEL=0"});
        RealConnection connection(peers);
        connection.handshake().send(up, "one").send(down, "two");
        connection.renegotiate().send(up, "three").send(down, "four");
        Listener listener(connection.key_log);
        CHECK(listener.secrets.size() == 2);
        listener.push(connection.flights);
        CHECK(listener.seen() == said(connection));
        CHECK(!listener.problem);
    }
}

TEST_CASE("session: records and handshake messages in small fragments") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        RealPeers peers({.version = version, .fragment_bytes = 512});
        const RealConnection connection = talk(peers);
        Listener listener(connection.key_log);
        listener.push(connection.flights);
        CHECK(listener.seen() == said(connection));
    }
}

TEST_CASE("session: ends are told when they come, whatever lies before them") {
    RealPeers peers;
    const RealConnection connection = talk(peers);
    Listener listener(connection.key_log);
    listener.push(connection.flights);
    flow::StreamChunk end;
    end.direction = down;
    end.end = true;
    listener.push(end);
    CHECK(listener.text[1].ends_with("a|"));
    listener.finish();
    CHECK(listener.text[0] == "questionbye|");
}

TEST_CASE("session: SSL 3, hellos of SSL 2 and unknown suites are closed by name") {
    Listener ssl_2;
    const std::string hello("\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", 11);
    ssl_2.push({Flight{up, hello + std::string(35, 'x')}});
    CHECK(ssl_2.session->closed() == Closed::unsupported);

    RealPeers peers({.version = TLS1_2_VERSION});
    RealConnection connection = talk(peers);
    for (Flight& flight : connection.flights) {
        if (flight.direction != down) continue;
        flight.bytes[10] = 0;  // the version of the ServerHello
        break;
    }
    Listener ssl_3(connection.key_log);
    ssl_3.push(connection.flights);
    CHECK(ssl_3.session->closed() == Closed::unsupported);
    CHECK(ssl_3.session->handshake().version == 0x0300);
    CHECK(ssl_3.seen() == "\n");
}

TEST_CASE("session: begun in the middle, or no TLS at all") {
    RealPeers peers;
    RealConnection connection = talk(peers);
    auto chunks = chunks_of(connection.flights);
    chunks.erase(chunks.begin(), chunks.begin() + 4);
    Listener listener(connection.key_log);
    listener.push(chunks);
    CHECK(listener.session->closed() == Closed::midstream);
    CHECK(listener.session->accounts().midstream == listener.pushed);

    Listener other;
    other.push({Flight{up, "GET / HTTP/1.1\r\n\r\n"}});
    CHECK(other.session->closed() == Closed::midstream);
}

TEST_CASE("session: no memory") {
    RealPeers peers({.version = TLS1_2_VERSION});
    const RealConnection connection = talk(peers);
    Listener listener(connection.key_log);
    listener.budget.take(listener.budget.bytes_max() - 300);
    for (const flow::StreamChunk& chunk : chunks_of(connection.flights)) {
        flow::StreamChunk half = chunk;
        half.data = chunk.data.first(chunk.data.size() / 2);
        listener.push(half);
        half.data = chunk.data.subspan(chunk.data.size() / 2);
        listener.push(half);
    }
    CHECK(listener.problem == Problem{"tls.budget_used_up"});
    CHECK(listener.session->accounts().budget > 0);
}
