#include "tls/quic_initial.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tls/quic_bytes.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

using State = QuicInitialReader::State;

const std::string hello = message(chrome());
constexpr const char* name = "clients2.google.com";

struct Reading {
    Budget budget{1 << 20};
    QuicInitialReader reader{budget};
    Problem problem;

    explicit Reading(const std::vector<std::string>& datagrams) {
        for (const std::string& datagram : datagrams)
            problem = problem.or_else(reader.push(as_bytes(datagram)));
    }
};

/// The hello in frames of `size` bytes.
std::vector<std::string> in_frames(std::size_t size) {
    std::vector<std::string> frames;
    for (std::size_t at = 0; at < hello.size(); at += size)
        frames.push_back(crypto(at, std::string_view(hello).substr(at, size)));
    return frames;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string all;
    for (const std::string& part : parts) all += part;
    return all;
}

}  // namespace

TEST_CASE("a hello in one packet is read") {
    for (const std::uint32_t version : {1U, 0x6b3343cfU, 0xff00001dU}) {
        const std::string datagram = Sealer("12345678", version).seal(crypto(0, hello), 0, 1162);
        Reading is({datagram});
        CHECK(is.reader.state() == State::done);
        CHECK(!is.problem);
        const Hello& got = is.reader.hello();
        CHECK(got.server_name == name);
        CHECK(got.protocols == std::vector<std::string>{"h2", "http/1.1"});
        CHECK(got.version == 0x0304);
        CHECK(got.ja3.size() == 32);
        CHECK(got.ja4.starts_with("q13d"));
        CHECK(is.reader.opened_bytes() == datagram.size());
        CHECK(is.budget.used() == 0);
    }
}

TEST_CASE("order of frames, packets and datagrams does not matter") {
    const Sealer sealer("12345678");
    std::mt19937 random(11);
    for (int round = 0; round < 50; ++round) {
        std::vector<std::string> frames = in_frames(1 + random() % 80);
        for (const char* other :
             {"\x01", "\x02\x05\x03\x01\x00\x01\x02", "\x03\x05\x03\x00\x02\x01\x01\x01"}) {
            // PING, an ACK of two ranges, an ACK with ECN counts; lengths hold a zero byte each.
            const std::size_t size = other[0] == 1 ? 1 : other[0] == 2 ? 7 : 8;
            frames.emplace_back(other, size);
        }
        frames.emplace_back(5, '\0');
        std::shuffle(frames.begin(), frames.end(), random);
        std::vector<std::string> datagrams(1);
        std::uint32_t number = 0;
        for (std::size_t at = 0; at < frames.size();) {
            const std::size_t count = std::min<std::size_t>(1 + random() % 5, frames.size() - at);
            const auto first = frames.begin() + static_cast<std::ptrdiff_t>(at);
            const std::vector<std::string> some(first, first + static_cast<std::ptrdiff_t>(count));
            if (random() % 2 == 0) datagrams.emplace_back();
            datagrams.back() += sealer.seal(joined(some), number++);
            at += count;
        }
        std::erase(datagrams, "");
        std::shuffle(datagrams.begin(), datagrams.end(), random);
        if (number > QuicInitialReader::packets_max) continue;
        Reading is(datagrams);
        CHECK(is.reader.state() == State::done);
        CHECK(!is.problem);
        CHECK(is.reader.hello().server_name == name);
    }
}

TEST_CASE("the client's keys stay when the server has chosen another connection ID") {
    const Sealer sealer("12345678");
    Reading is({sealer.seal(crypto(0, hello.substr(0, 100))),
                sealer.seal(crypto(100, hello.substr(100)), 1, 64, "", "server's id")});
    CHECK(is.reader.state() == State::done);
    CHECK(is.reader.hello().server_name == name);
}

TEST_CASE("after a Retry the client begins anew, with keys of the ID that it was given") {
    const std::string retry =
        from_hex("f000000001") + vector_of("", 1) + vector_of("new id", 1) + "token and tag";
    const Sealer before("12345678"), after("new id");
    Reading is({before.seal(crypto(0, hello.substr(0, 100))), retry,
                after.seal(crypto(100, hello.substr(100)), 1, 64, "token"),
                after.seal(crypto(0, hello.substr(0, 100)), 2, 64, "token")});
    CHECK(is.reader.state() == State::done);
    CHECK(is.reader.hello().server_name == name);
    CHECK(!is.problem);
}

TEST_CASE("packets of the server are none of the client's") {
    const std::string hello_of_server = Sealer("12345678", 1, "server in").seal(crypto(0, "\x02"));
    Reading is({hello_of_server, Sealer("12345678").seal(crypto(0, hello))});
    CHECK(is.reader.state() == State::done);
    CHECK(is.reader.opened_bytes() > 0);
}

TEST_CASE("a frame that cannot be read ends its packet, not the reading") {
    const Sealer sealer("12345678");
    for (const std::string& bad :
         {std::string("\x1f"), std::string("\x06\x00\x7f", 3), std::string("\x06\x40", 2),
          std::string("\x02\x00\x00\xbf\xff\xff\xff", 7)}) {
        const std::string frames = crypto(0, hello.substr(0, 50)) + bad;
        Reading is(
            {sealer.seal(frames, 0, frames.size()), sealer.seal(crypto(50, hello.substr(50)), 1)});
        CHECK(is.problem.name() == "quic.bad_frame");
        CHECK(is.reader.hello().server_name == name);
    }
}

TEST_CASE("a frame far behind the hello does not hide it") {
    Reading is({Sealer("12345678").seal(crypto(0x3fff0000, "x") + crypto(0, hello))});
    CHECK(is.problem.name() == "quic.hello_too_long");
    CHECK(is.reader.hello().server_name == name);
}

TEST_CASE("what two frames say differently is named") {
    Reading is({Sealer("12345678")
                    .seal(crypto(0, hello.substr(0, 200)) + crypto(0, std::string(150, 'x')) +
                          crypto(200, hello.substr(200)))});
    CHECK(is.problem.name() == "quic.conflicting_crypto");
    CHECK(is.reader.hello().server_name == name);
}

TEST_CASE("what begins with another message is no hello") {
    Reading is({Sealer("12345678").seal(crypto(0, std::string("\x02\0\0\1x", 5)))});
    CHECK(is.reader.state() == State::given_up);
    CHECK(is.problem.name() == "quic.not_a_hello");
    CHECK(is.budget.used() == 0);
}

TEST_CASE("a hello that never becomes whole is given up") {
    std::vector<std::string> datagrams;
    for (std::uint32_t i = 0; i <= QuicInitialReader::packets_max; ++i)
        datagrams.push_back(Sealer("12345678").seal(crypto(0, hello.substr(0, 100)), i));
    Reading is(datagrams);
    CHECK(is.reader.state() == State::given_up);
    CHECK(is.problem.name() == "quic.no_hello");
    CHECK(is.budget.used() == 0);
}

TEST_CASE("packets that nobody can open are given up without a word") {
    Reading is(std::vector<std::string>(1 + QuicInitialReader::packets_max,
                                        from_hex("e000000001") + "\x40 something"));
    CHECK(is.reader.state() == State::given_up);
    CHECK(!is.problem);
    CHECK(is.reader.opened_bytes() == 0);
}

TEST_CASE("ECH is seen") {
    const std::string with_ech =
        message(body(extension(0xfe0d, "x") + sni("outer.example") + alpn({"h3"})));
    Reading is({Sealer("12345678").seal(crypto(0, with_ech))});
    CHECK(is.reader.hello().encrypted_client_hello);
    CHECK(is.reader.hello().server_name == "outer.example");
}
