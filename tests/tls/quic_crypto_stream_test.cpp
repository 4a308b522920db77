#include "tls/quic_crypto_stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tls/hello_bytes.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

std::string text_of(const QuicCryptoStream& stream) {
    const auto message = stream.first_message();
    return message ? std::string(message->begin(), message->end()) : "incomplete";
}

}  // namespace

TEST_CASE("pieces in any order, that overlap anyhow, make the same message") {
    std::string sent = message(std::string(700, '\0') + "the end") + "what follows";
    for (std::size_t i = 4; i < 704; ++i) sent[i] = static_cast<char>(i % 251);
    const std::string wanted = sent.substr(0, 4 + 707);
    std::mt19937 random(3);
    for (int round = 0; round < 200; ++round) {
        Budget budget(1 << 20);
        QuicCryptoStream stream(budget);
        std::vector<std::pair<std::size_t, std::size_t>> pieces;  // offset, size
        for (std::size_t at = 0; at < sent.size();) {
            const std::size_t size = std::min<std::size_t>(1 + random() % 90, sent.size() - at);
            const std::size_t before = std::min<std::size_t>(random() % 30, at);
            pieces.emplace_back(at - before, size + before);
            at += size;
        }
        std::shuffle(pieces.begin(), pieces.end(), random);
        for (const auto& [offset, size] : pieces)
            CHECK(!stream.add(offset, as_bytes(sent).subspan(offset, size)));
        CHECK(text_of(stream) == wanted);
        stream.clear();
        CHECK(budget.used() == 0);
    }
}

TEST_CASE("a message is incomplete while a hole is in it") {
    Budget budget(1 << 20);
    QuicCryptoStream stream(budget);
    const std::string sent = message("0123456789");
    CHECK(text_of(stream) == "incomplete");
    CHECK(!stream.add(0, as_bytes(sent).first(3)));
    CHECK(text_of(stream) == "incomplete");
    CHECK(!stream.add(8, as_bytes(sent).subspan(8)));
    CHECK(text_of(stream) == "incomplete");
    CHECK(!stream.add(3, as_bytes(sent).subspan(3, 5)));
    CHECK(text_of(stream) == sent);
}

TEST_CASE("where two pieces differ the first counts, and it is said") {
    Budget budget(1 << 20);
    QuicCryptoStream stream(budget);
    const std::string sent = message("0123456789");
    CHECK(!stream.add(2, as_bytes(sent).subspan(2, 6)));
    CHECK(stream.add(0, as_bytes(std::string("\1\0\0\nXXXXXXXXXX", 14))).name() ==
          "quic.conflicting_crypto");
    CHECK(text_of(stream) == std::string("\1\0\0\n0123XXXXXX", 14));
}

TEST_CASE("what lies behind the cap is not kept") {
    Budget budget(1 << 20);
    QuicCryptoStream stream(budget);
    const std::string one = "x";
    CHECK(!stream.add(QuicCryptoStream::bytes_max - 1, as_bytes(one)));
    for (const std::uint64_t offset : {QuicCryptoStream::bytes_max, std::uint64_t{1} << 61})
        CHECK(stream.add(offset, as_bytes(one)).name() == "quic.hello_too_long");
}

TEST_CASE("too many pieces with holes between are not kept") {
    Budget budget(1 << 20);
    QuicCryptoStream stream(budget);
    const std::string one = "x";
    for (std::size_t i = 0; i < QuicCryptoStream::pieces_max; ++i)
        CHECK(!stream.add(4 + 2 * i, as_bytes(one)));
    CHECK(stream.add(0, as_bytes(one)).name() == "quic.too_many_pieces");
    CHECK(budget.used() < 4096);
}

TEST_CASE("single bytes in order are one piece") {
    Budget budget(1 << 20);
    QuicCryptoStream stream(budget);
    const std::string sent = message(std::string(4 * QuicCryptoStream::pieces_max, 'm'));
    for (std::size_t i = 0; i < sent.size(); ++i)
        CHECK(!stream.add(i, as_bytes(sent).subspan(i, 1)));
    CHECK(text_of(stream) == sent);
}

TEST_CASE("without budget nothing is kept") {
    Budget budget(16);
    QuicCryptoStream stream(budget);
    CHECK(stream.add(0, as_bytes(message("0123456789"))).name() == "quic.budget_used_up");
    CHECK(text_of(stream) == "incomplete");
}
