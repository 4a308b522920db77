#include "tls/rhythm.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::tls;
using flow::Direction;

namespace {

constexpr std::size_t overhead = 17;  // of TLS 1.3 with AES-128-GCM

/// Both directions of a connection, one record after the other.
struct Wire {
    std::vector<std::pair<Direction, std::vector<std::uint8_t>>> records;

    void record(Direction direction, std::uint8_t type, const std::vector<std::uint8_t>& body) {
        std::vector<std::uint8_t> bytes = {type, 3, 3, static_cast<std::uint8_t>(body.size() >> 8),
                                           static_cast<std::uint8_t>(body.size())};
        bytes.insert(bytes.end(), body.begin(), body.end());
        records.emplace_back(direction, std::move(bytes));
    }
    void hello(std::uint16_t suite) {
        record(Direction::to_server, 22, std::vector<std::uint8_t>(200, 1));
        std::vector<std::uint8_t> body = {2, 0, 0, 70, 3, 3};
        body.resize(6 + 32, 7);
        body.push_back(32);
        body.resize(body.size() + 32, 8);
        body.push_back(static_cast<std::uint8_t>(suite >> 8));
        body.push_back(static_cast<std::uint8_t>(suite));
        body.push_back(0);
        record(Direction::to_client, 22, body);
    }
    /// Application data of so many bytes inside.
    void say(Direction direction, std::size_t bytes) {
        record(direction, 23, std::vector<std::uint8_t>(bytes + overhead));
    }
    void sent(std::size_t bytes) { say(Direction::to_server, bytes); }
    void received(std::size_t bytes) { say(Direction::to_client, bytes); }
    void handshake() {
        hello(0x1301);
        received(2000);  // EncryptedExtensions to Finished
        sent(36);        // Finished
    }
};

std::string shown(const Rhythm& rhythm) {
    std::string out = rhythm.http2() ? "2: " : "";
    for (const Turn& turn : rhythm.turns())
        out += std::to_string(turn.sent) + '/' + std::to_string(turn.received) + ' ';
    return out + (rhythm.over() ? "over" : "");
}

Rhythm read(const Wire& wire, std::size_t piece = 1 << 20) {
    Rhythm rhythm;
    for (const auto& [direction, bytes] : wire.records) {
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            flow::StreamChunk chunk;
            chunk.direction = direction;
            chunk.data = Bytes(bytes).subspan(at, std::min(piece, bytes.size() - at));
            rhythm.push(chunk);
        }
    }
    return rhythm;
}

}  // namespace

TEST_CASE(
    "rhythm: turns are what the client sends and what the server answers, without the handshake") {
    Wire wire;
    wire.handshake();
    wire.sent(426);
    wire.received(300);
    wire.received(149);
    wire.sent(300);
    wire.sent(108);
    wire.received(142);
    wire.sent(500);
    CHECK(shown(read(wire)) == "426/449 408/142 ");
    for (const std::size_t piece : {1, 2, 3, 7, 100})
        CHECK(shown(read(wire, piece)) == "426/449 408/142 ");
}

TEST_CASE("rhythm: tickets do not count as an answer") {
    Wire wire;
    wire.handshake();
    wire.sent(426);
    wire.received(265);
    wire.received(265);
    wire.received(468);
    wire.sent(374);
    wire.received(265);
    CHECK(shown(read(wire)) == "426/468 374/265 ");
}

TEST_CASE(
    "rhythm: frames that only HTTP/2 sends to itself are no turn, and tell that it is HTTP/2") {
    Wire wire;
    wire.handshake();
    wire.sent(64);
    wire.received(9);
    wire.sent(9);
    wire.sent(294);
    wire.received(13);
    wire.received(497);
    CHECK(shown(read(wire)) == "2: 358/497 ");
}

TEST_CASE("rhythm: in TLS 1.2 application data is only what it says") {
    Wire wire;
    wire.hello(0xc02f);  // ECDHE-RSA-AES128-GCM-SHA256: 8 bytes of nonce and 16 of tag
    wire.record(Direction::to_server, 23, std::vector<std::uint8_t>(430 + 24));
    wire.record(Direction::to_client, 23, std::vector<std::uint8_t>(580 + 24));
    CHECK(shown(read(wire)) == "430/580 ");
}

TEST_CASE("rhythm: it is over after so many turns, bytes or seconds, and where bytes are lost") {
    Wire many;
    many.handshake();
    for (std::size_t i = 0; i < 2 * Rhythm::turns_max; ++i) {
        many.sent(100 + i);
        many.received(200);
    }
    CHECK(read(many).over());
    CHECK(read(many).turns().size() == Rhythm::turns_max);

    Wire bulk;
    bulk.handshake();
    bulk.sent(300);
    for (int i = 0; i < 3; ++i) bulk.received(15'000);
    CHECK(read(bulk).over());
    CHECK(read(bulk).turns().size() == 1);

    Rhythm rhythm;
    flow::StreamChunk chunk;
    chunk.time = Time(std::chrono::seconds(100));
    rhythm.push(chunk);
    rhythm.tick(Time(std::chrono::seconds(110)));
    CHECK(!rhythm.over());
    rhythm.tick(Time(std::chrono::seconds(121)));
    CHECK(rhythm.over());

    Rhythm lossy;
    chunk.missing = 1;
    lossy.push(chunk);
    CHECK(lossy.over());
}

TEST_CASE("rhythm: what is no TLS, a suite that nobody knows and early data end it") {
    Wire nonsense;
    nonsense.records.push_back({Direction::to_server, {'G', 'E', 'T', ' ', '/', ' '}});
    CHECK(read(nonsense).over());
    Wire unknown;
    unknown.hello(0xfafa);
    CHECK(read(unknown).over());
    Wire early;
    early.record(Direction::to_server, 22, std::vector<std::uint8_t>(200, 1));
    early.sent(100);
    CHECK(read(early).over());
}
