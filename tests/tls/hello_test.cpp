#include "tls/hello.h"

#include <doctest/doctest.h>

#include "support/every_cut.h"
#include "tls/hello_bytes.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

std::string reading(const std::vector<Bytes>& pieces, std::size_t memory) {
    Budget budget(memory);
    HelloReader reader(budget);
    Problem problem;
    for (Bytes piece : pieces) {
        const std::vector<std::uint8_t> copy(piece.begin(), piece.end());
        problem = problem.or_else(reader.push(copy));
    }
    const Hello& hello = reader.hello();
    std::string seen;
    switch (reader.state()) {
        case HelloReader::State::reading:
            seen = "reading";
            break;
        case HelloReader::State::not_tls:
            seen = "not tls";
            break;
        case HelloReader::State::done:
            seen = hello.server_name + "|";
            for (const std::string& name : hello.protocols) seen += name + ",";
            seen += "|" + std::to_string(hello.version) + "|" + hello.ja4 +
                    (hello.encrypted_client_hello ? "|ech" : "");
            break;
    }
    if (reader.state() != HelloReader::State::reading) CHECK(budget.used() == 0);
    return seen + std::string(problem ? " " : "") + std::string(problem.name());
}

std::string reading(std::string_view stream, std::size_t memory = 1 << 20) {
    const auto read = [&](const std::vector<Bytes>& pieces) { return reading(pieces, memory); };
    CHECK(::umbratap::test::differs_when_cut(as_bytes(stream), read) == "");
    return reading(std::vector<Bytes>{as_bytes(stream)}, memory);
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
    CHECK(reading("") == "reading");
    CHECK(reading(whole.substr(0, whole.size() - 1)) == "reading");
}

TEST_CASE("hello: a connection whose beginning was missed, or that is no TLS, is no problem") {
    CHECK(reading(record("opaque", 23)) == "not tls");
    CHECK(reading(record("\x10opaque")) == "not tls");
    CHECK(reading(record("\x02opaque")) == "not tls");
    CHECK(reading("GET / HTTP/1.1\r\n") == "not tls");
}

TEST_CASE("hello: another record in the middle of the message is a problem") {
    CHECK(reading(record(message(chrome()).substr(0, 50)) + record("alert", 21)) ==
          "not tls tls.bad_record");
    CHECK(reading(record(message(chrome()).substr(0, 50)) + "GET / HTTP/1.1\r\n") ==
          "not tls tls.bad_record");
}

TEST_CASE("hello: empty records are told and skipped") {
    CHECK(reading(record("") + record(message(chrome()))) == chrome_seen + " tls.empty_record");
}

TEST_CASE("hello: one that is too long is told, and takes no memory") {
    const std::size_t longest = HelloReader::hello_bytes_max - 4;
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
    CHECK(reading(record(number(1, 1) + number(longest + 1, 3))) == "not tls tls.hello_too_long");
}

TEST_CASE("hello: no memory left") {
    CHECK(reading(record(message(chrome())), 100) == "not tls tls.budget_used_up");
}

TEST_CASE("hello: a broken one has no fingerprint") {
    std::string broken = body(sni("a.example") + number(0x0010ff, 3));
    CHECK(reading(record(message(broken))) == "a.example||771| tls.bad_hello");
    CHECK(reading(record(message(""))) == "||0| tls.bad_hello");
}

TEST_CASE("hello: in the form of SSL 2 it has a version only") {
    CHECK(reading(std::string("\x80\x2e\x01\x03\x01\x00\x15", 7)) == "||769|");
    CHECK(reading(std::string("\x80\x2e\x01\x00\x02\x00\x15", 7)) == "||2|");
    CHECK(reading(std::string("\x80\x2e\x04\x00\x02\x00\x15", 7)) == "not tls");
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
