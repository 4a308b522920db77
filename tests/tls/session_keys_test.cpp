// Keys that come late, are wrong, or are there in part.
#include <doctest/doctest.h>

#include <algorithm>

#include "tls/overhear.h"
#include "tls/real_connection.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;
using std::chrono::milliseconds;

namespace {

constexpr Direction up = Direction::to_server, down = Direction::to_client;

RealConnection talk(int version) {
    static RealPeers peers_12({.version = TLS1_2_VERSION}), peers_13({.version = TLS1_3_VERSION});
    RealConnection connection(version == TLS1_3_VERSION ? peers_13 : peers_12);
    connection.handshake().send(up, "question").send(down, "answer").send(up, "bye");
    return connection;
}

std::string said(const RealConnection& connection) {
    return connection.plaintext[0] + "\n" + connection.plaintext[1];
}

std::string lines_with(const std::string& log, std::string_view label, bool wanted = true) {
    std::string out;
    for (std::size_t at = 0; at < log.size();) {
        const std::size_t end = log.find('\n', at) + 1;
        const std::string line = log.substr(at, end - at);
        if ((line.find(label) != line.npos) == wanted) out += line;
        at = end;
    }
    return out;
}

/// The same lines with other secrets.
std::string wrong(std::string log) {
    for (std::size_t end = log.find('\n'); end != log.npos; end = log.find('\n', end + 1)) {
        log[end - 1] = log[end - 1] == '0' ? '1' : '0';
    }
    return log;
}

}  // namespace

TEST_CASE("keys: that come late open what waited, in the order of its coming") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const RealConnection connection = talk(version);
        Listener listener;
        listener.secrets.expect_more(true);
        listener.push(connection.flights);
        CHECK(listener.seen() == "\n");
        CHECK(listener.session->state() == Session::State::waiting);
        CHECK(listener.session->accounts().waiting > 0);
        listener.retry(Time(milliseconds(100)));
        CHECK(listener.session->state() == Session::State::waiting);
        listener.secrets.add(connection.key_log);
        listener.retry(Time(milliseconds(1999)));
        CHECK(listener.seen() == said(connection));
        CHECK(listener.order == "><>");
        CHECK(listener.session->state() == Session::State::opened);
        CHECK(listener.session->accounts().waiting == 0);
    }
}

TEST_CASE("keys: line by line, and with packets in between") {
    const RealConnection connection = talk(TLS1_3_VERSION);
    Listener listener;
    listener.secrets.expect_more(true);
    std::string log = connection.key_log;
    for (const flow::StreamChunk& chunk : chunks_of(connection.flights)) {
        listener.push(chunk);
        const std::size_t end = std::min(log.find('\n') + 1, log.size());
        listener.secrets.add(log.substr(0, end));
        log.erase(0, end);
    }
    listener.retry();
    CHECK(listener.seen() == said(connection));
}

TEST_CASE("keys: that come too late, or after too many bytes, are told as no key") {
    const RealConnection connection = talk(TLS1_3_VERSION);
    Listener late;
    late.secrets.expect_more(true);
    late.push(connection.flights);
    late.retry(Time(milliseconds(2001)));
    CHECK(late.session->state() == Session::State::closed);
    CHECK(late.session->why_no_key() == WhyNoKey::no_entry);
    CHECK(late.session->accounts().waiting == 0);
    late.secrets.add(connection.key_log);
    late.retry(Time(milliseconds(2002)));
    CHECK(late.seen() == "\n");

    SessionLimits limits;
    limits.waiting_bytes_max = 1500;
    Listener full({}, limits);
    full.secrets.expect_more(true);
    full.push(connection.flights);
    CHECK(full.session->closed() == Closed::no_key);
    CHECK(full.session->accounts().waiting == 0);
}

TEST_CASE("keys: none are waited for when none are expected") {
    const RealConnection connection = talk(TLS1_3_VERSION);
    Listener listener;
    auto chunks = chunks_of(connection.flights);
    listener.push(chunks[0]).push(chunks[1]);
    CHECK(listener.session->state() == Session::State::closed);
}

TEST_CASE("keys: wrong ones give no plaintext") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const RealConnection connection = talk(version);
        Listener listener(wrong(connection.key_log));
        listener.push(connection.flights);
        CHECK(listener.seen() == "\n");
        CHECK(listener.session->closed() == Closed::no_key);
        CHECK(listener.session->why_no_key() == WhyNoKey::tag_failed);
    }
}

TEST_CASE("keys: of several for one random the right one is found") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const RealConnection connection = talk(version);
        for (const bool right_first : {false, true}) {
            Listener listener(right_first ? connection.key_log + wrong(connection.key_log)
                                          : wrong(connection.key_log) + connection.key_log);
            listener.push(connection.flights);
            CHECK(listener.seen() == said(connection));
        }
        Listener late(wrong(connection.key_log));
        late.secrets.expect_more(true);
        late.push(connection.flights);
        CHECK(late.session->state() == Session::State::waiting);
        late.secrets.add(connection.key_log);
        late.retry();
        CHECK(late.seen() == said(connection));
    }
}

TEST_CASE("keys: the right ones for the handshake, wrong ones for what follows") {
    const RealConnection connection = talk(TLS1_3_VERSION);
    const std::string handshake = lines_with(connection.key_log, "HANDSHAKE");
    const std::string rest = lines_with(connection.key_log, "HANDSHAKE", false);
    Listener listener(handshake + wrong(rest));
    listener.push(connection.flights);
    CHECK(listener.seen() == "|\n|");
    CHECK(listener.session->why_no_key() == WhyNoKey::tag_failed);
}

TEST_CASE("keys: without those of the handshake, the rest is opened") {
    const RealConnection connection = talk(TLS1_3_VERSION);
    Listener listener(lines_with(connection.key_log, "HANDSHAKE", false));
    listener.push(connection.flights);
    CHECK(listener.seen() == said(connection));
    CHECK(listener.session->accounts().no_key > 0);
}

TEST_CASE("keys: of one direction only") {
    const RealConnection connection = talk(TLS1_3_VERSION);
    Listener listener(lines_with(connection.key_log, "CLIENT_"));
    listener.push(connection.flights);
    CHECK(listener.text[0] == "questionbye");
    CHECK(listener.text[1].empty());
    CHECK(listener.session->closed() == Closed::no_key);
    CHECK(listener.session->why_no_key() == WhyNoKey::labels_missing);
    CHECK(listener.session->labels_missing() ==
          (1U << static_cast<unsigned>(Label::server_handshake_traffic) |
           1U << static_cast<unsigned>(Label::server_traffic_0)));
}

TEST_CASE("keys: the handshake's come first, the others seconds later") {
    const RealConnection connection = talk(TLS1_3_VERSION);
    Listener listener(lines_with(connection.key_log, "HANDSHAKE"));
    listener.secrets.expect_more(true);
    listener.push(connection.flights);
    CHECK(listener.session->state() == Session::State::waiting);
    CHECK(listener.session->handshake().has_certificate);
    listener.secrets.add(connection.key_log);
    listener.retry();
    CHECK(listener.seen() == said(connection));
}

TEST_CASE("keys: the client is heard before the server, as two taps may deliver") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const RealConnection connection = talk(version);
        auto chunks = chunks_of(connection.flights);
        std::stable_sort(chunks.begin(), chunks.end(),
                         [](const auto& a, const auto& b) { return a.direction < b.direction; });
        Listener listener(connection.key_log);
        listener.push(chunks);
        CHECK(listener.seen() == said(connection));
    }
}

TEST_CASE("keys: the server was never heard") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const RealConnection connection = talk(version);
        Listener listener(connection.key_log);
        for (const flow::StreamChunk& chunk : chunks_of(connection.flights)) {
            if (chunk.direction == up) listener.push(chunk);
        }
        listener.finish();
        CHECK(listener.text[0] == (version == TLS1_3_VERSION ? "questionbye|" : ""));
        CHECK(listener.session->accounts().waiting == 0);
    }
}
