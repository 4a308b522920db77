#include "tls/hello.h"

#include <doctest/doctest.h>

#include "support/every_cut.h"
#include "tls/hello_bytes.h"
#include "tls/session.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

/// What a session makes of the client's bytes alone.
std::string reading(const std::vector<Bytes>& pieces) {
    Budget budget(1 << 20);
    const SessionLimits limits;
    Secrets secrets;
    Workspace workspace(budget);
    Session session(limits, budget, secrets, workspace);
    Batch<flow::StreamChunk> inside;
    Problem problem;
    flow::StreamChunk chunk;
    for (const Bytes piece : pieces) {
        const std::vector<std::uint8_t> copy(piece.begin(), piece.end());
        chunk.data = copy;
        problem = problem.or_else(session.push(chunk, inside));
        chunk.offset += piece.size();
    }
    const Handshake& handshake = session.handshake();
    const Hello& hello = handshake.client;
    std::string seen = "nothing";
    if (handshake.has_client) {
        seen = hello.server_name + "|";
        for (const std::string& name : hello.protocols) seen += name + ",";
        seen += "|" + std::to_string(hello.version) + "|" + hello.ja4 +
                (hello.encrypted_client_hello ? "|ech" : "");
    }
    return seen + std::string(problem ? " " : "") + std::string(problem.name());
}

std::string reading(std::string_view stream) {
    const auto read = [](const std::vector<Bytes>& pieces) { return reading(pieces); };
    CHECK(::umbratap::test::differs_when_cut(as_bytes(stream), read) == "");
    return reading(std::vector<Bytes>{as_bytes(stream)});
}

const std::string chrome_seen =
    "clients2.google.com|h2,http/1.1,|772|t13d1516h2_8daaf6152771_e5627efa2ab1";

}  // namespace

TEST_CASE("hello: a ClientHello in one record") {
    CHECK(reading(record(message(chrome()))) == chrome_seen);
    CHECK(reading(record(message(chrome())) + record("more", 20) + "whatever") == chrome_seen);
}

TEST_CASE("hello: a ClientHello spread over many records, or with more messages behind it") {
    const std::string whole = message(chrome());
    for (std::size_t length : {1, 3, 4, 5, 100}) {
        std::string stream;
        for (std::size_t at = 0; at < whole.size(); at += length)
            stream += record(whole.substr(at, length));
        CHECK(reading(stream) == chrome_seen);
    }
    CHECK(reading(record(whole + "\x01\x02")) == chrome_seen);
}

TEST_CASE("hello: encrypted client hello is told") {
    CHECK(reading(record(message(body(sni("public.example") + extension(0xfe0d, "x")))))
              .ends_with("|ech"));
}

TEST_CASE("hello: not all there yet") {
    const std::string whole = record(message(chrome()));
    CHECK(reading("") == "nothing");
    CHECK(reading(whole.substr(0, whole.size() - 1)) == "nothing");
}

TEST_CASE("hello: a connection whose beginning was missed, or that is no TLS, is no problem") {
    CHECK(reading(record("opaque", 23)) == "nothing");
    CHECK(reading("GET / HTTP/1.1\r\n") == "nothing");
}

TEST_CASE("hello: another record in the middle of the message leaves none") {
    CHECK(reading(record(message(chrome()).substr(0, 50)) + record("alert", 21)) == "nothing");
    CHECK(reading(record(message(chrome()).substr(0, 50)) + "GET / HTTP/1.1\r\n") ==
          "nothing tls.bad_record");
}

TEST_CASE("hello: empty records are skipped") {
    CHECK(reading(record("") + record(message(chrome()))) == chrome_seen);
}

TEST_CASE("hello: one that is too long is told, and takes no memory") {
    const std::size_t longest = SessionLimits().handshake_message_bytes_max - 4;
    std::string extensions = sni("a.example");
    const std::size_t filler = longest - body(extensions).size() - 4;
    const auto in_records = [](const std::string& whole) {
        std::string stream;
        for (std::size_t at = 0; at < whole.size(); at += 16384)
            stream += record(whole.substr(at, 16384));
        return stream;
    };
    CHECK(reading(in_records(message(body(extensions + extension(21, std::string(filler, 'x'))))))
              .starts_with("a.example|"));
    CHECK(reading(record(number(1, 1) + number(longest + 1, 3))) == "nothing tls.message_too_long");
}

TEST_CASE("hello: a broken one has no fingerprint") {
    std::string broken = body(sni("a.example") + number(0x0010ff, 3));
    CHECK(reading(record(message(broken))) == "a.example||771| tls.bad_hello");
    CHECK(reading(record(message(""))) == "||0| tls.bad_hello");
}

TEST_CASE("looks like tls: five bytes decide") {
    const auto looks = [](std::string_view start) { return looks_like_tls(as_bytes(start)); };
    using std::string_view_literals::operator""sv;
    CHECK(looks(""));
    CHECK(looks("\x16"));
    CHECK(looks("\x16\x03\x01\x02\x00"sv));
    CHECK(looks("\x17\x03\x03\x40\x00"sv));
    CHECK(looks("\x15\x03\x04\x00\x02"sv));
    CHECK(looks("\x80\x2e\x01\x03\x01"sv));
    CHECK(looks("\x80"));
    CHECK(!looks("\x16\x02"));
    CHECK(!looks("\x16\x03\x05"));
    CHECK(!looks("\x16\x03\x01\x48\x01"sv));
    CHECK(!looks("\x13"));
    CHECK(!looks("\x19"));
    CHECK(!looks("GET /"));
    CHECK(!looks("\x80\x2e\x02"sv));
    CHECK(!looks("\x80\x2e\x01\x03\x04"sv));
}
