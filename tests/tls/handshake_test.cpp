#include "tls/handshake.h"

#include <doctest/doctest.h>

#include "support/every_cut.h"
#include "tls/hello_bytes.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

std::string handshake_message(std::uint8_t type, std::string_view body) {
    return number(type, 1) + vector_of(body, 3);
}

std::string reading(const std::vector<Bytes>& pieces, std::size_t bytes_max, bool keep_all) {
    Budget budget(1 << 20);
    MessageReader reader(budget);
    Problem problem;
    std::string seen;
    for (const Bytes piece : pieces) {
        const std::vector<std::uint8_t> copy(piece.begin(), piece.end());
        Bytes fragment = copy;
        while (const auto message = reader.next(fragment, bytes_max, keep_all, problem)) {
            seen +=
                std::to_string(message->type) + ":" + std::string(as_text(message->body())) + " ";
        }
    }
    return seen + (reader.amid_message() ? "..." : "") + std::string(problem.name());
}

}  // namespace

TEST_CASE("handshake messages: however they are cut; those that nobody reads are skipped") {
    const std::string stream = handshake_message(message_type::server_hello, "hello") +
                               handshake_message(message_type::finished, "verify") +
                               handshake_message(message_type::key_update, "") +
                               handshake_message(message_type::certificate, "names").substr(0, 7);
    const auto read = [](const std::vector<Bytes>& pieces) { return reading(pieces, 100, false); };
    CHECK(read({as_bytes(stream)}) == "2:hello 20: 24: ...");
    CHECK(::umbratap::test::differs_when_cut(as_bytes(stream), read) == "");
    CHECK(reading({as_bytes(stream)}, 100, true) == "2:hello 20:verify 24: ...");
}

TEST_CASE("handshake messages: one that is too long is skipped, and told") {
    const std::string stream = handshake_message(message_type::certificate, std::string(97, 'x')) +
                               handshake_message(message_type::server_hello, "hello");
    const auto read = [](const std::vector<Bytes>& pieces) { return reading(pieces, 100, false); };
    CHECK(read({as_bytes(stream)}) == "11: 2:hello tls.message_too_long");
    CHECK(::umbratap::test::differs_when_cut(as_bytes(stream), read) == "");
}
