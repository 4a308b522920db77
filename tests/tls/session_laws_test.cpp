// Laws: however it is cut, whatever is lost.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "support/every_cut.h"
#include "tls/capture_player.h"
#include "tls/overhear.h"
#include "tls/real_connection.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

constexpr Direction up = Direction::to_server, down = Direction::to_client;

std::string source_root() {
    const char* root = std::getenv("UMBRATAP_SOURCE_ROOT");
    return root != nullptr ? root : ".";
}

std::string content_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

/// Everything that is seen of chunks in which the bytes of one are given in pieces.
std::string seen_with_pieces(const std::string& key_log,
                             const std::vector<flow::StreamChunk>& chunks, std::size_t which,
                             const std::vector<Bytes>& pieces) {
    Listener listener(key_log);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        if (i != which) {
            listener.push(chunks[i]);
            continue;
        }
        flow::StreamChunk piece = chunks[i];
        for (const Bytes bytes : pieces) {
            const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
            piece.data = exact;
            listener.push(piece);
        }
    }
    listener.finish();
    const Accounts a = listener.session->accounts();
    return listener.seen() + "\n" + listener.order.substr(0, 1) +
           std::string(listener.problem.name()) + " " + std::to_string(a.opened) + " " +
           std::to_string(a.gap) + " " + std::to_string(a.no_key);
}

RealConnection long_talk(const ConnectionOptions& options) {
    RealPeers peers(options);
    RealConnection connection(peers);
    connection.handshake();
    for (int i = 0; i < 30; ++i) {
        connection.send(up, "question " + std::to_string(i));
        connection.send(down, std::string(100 + 37 * static_cast<std::size_t>(i), 'a'));
    }
    return connection;
}

const ConnectionOptions kinds[] = {
    {.version = TLS1_3_VERSION},
    {.version = TLS1_3_VERSION, .suites = "TLS_CHACHA20_POLY1305_SHA256"},
    {.version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"},
    {.version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-CHACHA20-POLY1305"},
    {.version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-SHA256:@SECLEVEL=0"},
    {.version = TLS1_1_VERSION, .ciphers = "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"},
};

}  // namespace

TEST_CASE("session law: however it is cut") {
    for (const ConnectionOptions& options : kinds) {
        const RealConnection connection = long_talk(options);
        const auto chunks = chunks_of(connection.flights);
        for (std::size_t which = 0; which < 8; ++which) {
            CHECK(::umbratap::test::differs_when_cut(
                      chunks[which].data, [&](const std::vector<Bytes>& pieces) {
                          return seen_with_pieces(connection.key_log, chunks, which, pieces);
                      }) == "");
        }
    }
}

TEST_CASE("session law: captures give the same, segment by segment and in pieces of 7 bytes") {
    for (const char* name : {"tls13-aes128gcm", "tls13-0rtt-early-data", "tls13-hrr-p384",
                             "tls13-key-update", "tls12-ecdhe-rsa-aes128cbc-sha256"}) {
        const std::string folder = source_root() + "/pcaps/" + name;
        const Played played = play(folder + "/traffic.pcapng");
        const std::string key_log = content_of(folder + "/keys.log");
        CAPTURE(name);
        std::uint64_t bytes = 0;
        for (const Connection& connection : played.connections) {
            Listener whole(key_log), pieces(key_log);
            for (const OwnedChunk& owned : connection) {
                flow::StreamChunk chunk = owned.view();
                whole.push(chunk);
                const Bytes data = chunk.data;
                const bool end = chunk.end;
                for (std::size_t at = 0; at < data.size() || at == 0; at += 7) {
                    chunk.data = data.subspan(at, std::min<std::size_t>(7, data.size() - at));
                    chunk.end = end && at + 7 >= data.size();
                    pieces.push(chunk);
                }
            }
            CHECK(whole.seen() == pieces.seen());
            CHECK(whole.session->accounts().opened == whole.pushed);
            bytes += whole.offset[0] + whole.offset[1];
        }
        CHECK(bytes > 0);
    }
}

TEST_CASE("session law: any one flight is lost, and nothing wrong is said") {
    for (const ConnectionOptions& options : kinds) {
        const RealConnection connection = long_talk(options);
        const auto chunks = chunks_of(connection.flights);
        for (std::size_t lost = 0; lost < 24; ++lost) {
            Listener listener(connection.key_log);
            for (std::size_t i = 0; i < chunks.size(); ++i) {
                flow::StreamChunk chunk = chunks[i];
                if (i == lost) {
                    chunk.missing = chunk.data.size();
                    chunk.data = {};
                }
                listener.push(chunk);
            }
            listener.finish();
            for (const std::size_t side : {0, 1}) {
                const std::string& seen = listener.text[side];
                const std::size_t hole = seen.find('['), behind = seen.find(']');
                if (hole == seen.npos) continue;
                const std::string after = seen.substr(behind + 1, seen.size() - behind - 2);
                CHECK(connection.plaintext[side].starts_with(seen.substr(0, hole)));
                CHECK(connection.plaintext[side].ends_with(after));
            }
            CAPTURE(options.ciphers);
            CAPTURE(options.version);
            CAPTURE(lost);
            if (lost > 8) CHECK(listener.session->closed() == Closed::open);
        }
    }
}

TEST_CASE("session: after a hole an AEAD stream goes on, and the hole is as long as what it hid") {
    for (const ConnectionOptions& options : kinds) {
        if (options.ciphers.find("SHA:") != std::string::npos) continue;
        if (options.ciphers.find("SHA256:@") != std::string::npos) continue;
        RealPeers peers(options);
        RealConnection connection(peers);
        connection.handshake().send(down, "first ");
        const std::size_t begin = connection.flights.size();
        for (int i = 0; i < 20; ++i) connection.send(down, "lost " + std::to_string(100 + i));
        const std::size_t end = connection.flights.size();
        connection.send(down, " last");
        auto chunks = chunks_of(connection.flights);
        Listener listener(connection.key_log);
        std::uint64_t missing = 0;
        for (std::size_t i = 0; i < chunks.size(); ++i) {
            if (i >= begin && i < end) {
                missing += chunks[i].data.size();
                continue;
            }
            if (missing > 0) {
                flow::StreamChunk hole;
                hole.direction = down;
                hole.missing = missing;
                listener.push(hole);
                missing = 0;
            }
            listener.push(chunks[i]);
        }
        CAPTURE(options.ciphers);
        CHECK(listener.text[1] == "first [160] last");
    }
}

TEST_CASE("session: a hole in the middle of a record") {
    for (const ConnectionOptions& options : kinds) {
        RealPeers peers(options);
        RealConnection connection(peers);
        connection.handshake().send(down, "first");
        const std::size_t cut = connection.flights.size();
        connection.send(down, std::string(5000, 'x')).send(down, "last");
        Listener listener(connection.key_log);
        for (const flow::StreamChunk& chunk : chunks_of(connection.flights)) {
            if (chunk.packet_number != cut + 1) {
                listener.push(chunk);
                continue;
            }
            flow::StreamChunk part = chunk;
            part.data = chunk.data.first(1000);
            listener.push(part);
            part.data = {};
            part.missing = 1460;
            listener.push(part);
            part.missing = 0;
            part.data = chunk.data.subspan(2460);
            listener.push(part);
        }
        listener.finish();  // what is left of the record may look like the beginning of another
        const std::string& seen = listener.text[1];
        CHECK(seen.starts_with("first[50"));
        CHECK(seen.ends_with("]last|"));
    }
}

namespace {

/// Whoever overhears it hears `forged` in between.
std::vector<Flight> first_then_last(RealConnection& connection, const std::string& forged) {
    connection.handshake().send(down, "first");
    const std::size_t at = connection.flights.size();
    connection.send(down, "last");
    std::vector<Flight> flights = connection.flights;
    flights.insert(flights.begin() + static_cast<std::ptrdiff_t>(at), Flight{down, forged});
    return flights;
}

}  // namespace

TEST_CASE("session: bytes that someone slipped in are skipped, and nothing is missing") {
    RealPeers peers;
    RealConnection connection(peers);
    const std::string forged = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'f');
    const auto flights = first_then_last(connection, forged);
    Listener listener(connection.key_log);
    listener.push(flights);
    CHECK(listener.text[1] == "firstlast");
    CHECK(listener.problem == Problem{"tls.bad_record_mac"});
    CHECK(listener.session->accounts().gap == forged.size());
}

TEST_CASE("session: what looks like a record that never ends hides nothing") {
    RealPeers peers;
    RealConnection connection(peers);
    const std::string forged = std::string(
        "\x17\x03\x03\x00\x02"
        "ff"
        "\x17\x03\x03\x3f\xff",
        12);
    const auto flights = first_then_last(connection, forged);
    Listener listener(connection.key_log);
    listener.push(flights);
    CHECK(listener.text[1] == "first");  // more might come
    listener.finish();
    CHECK(listener.text[1] == "firstlast|");
    CHECK(listener.session->accounts().gap == forged.size());
}

TEST_CASE("session: seeking a record costs bounded work") {
    RealPeers peers;
    RealConnection connection(peers);
    connection.handshake().send(down, "first");
    SessionLimits limits;
    limits.trial_bytes_max = 100000;
    Listener listener(connection.key_log, limits);
    listener.push(connection.flights);
    flow::StreamChunk chunk;
    chunk.direction = down;
    chunk.missing = 1ULL << 40;
    listener.push(chunk);
    chunk.missing = 0;
    const std::string forged = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'f');
    chunk.data = as_bytes(forged);
    listener.push(chunk);
    CHECK(listener.problem == Problem{"tls.gap_too_large"});
    CHECK(listener.session->closed() == Closed::gap);
    CHECK(listener.text[1].ends_with("]|"));
}

TEST_CASE("session: TLS 1.3 whose ServerHello was lost is opened all the same") {
    for (const char* suite :
         {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
        const RealConnection connection = long_talk({.suites = suite});
        Listener listener(connection.key_log);
        for (flow::StreamChunk chunk : chunks_of(connection.flights)) {
            if (chunk.packet_number == 2) {
                chunk.missing = chunk.data.size();
                chunk.data = {};
            }
            listener.push(chunk);
        }
        CHECK(listener.text[0] == connection.plaintext[0]);
        CHECK(listener.text[1] == connection.plaintext[1]);
    }
}
