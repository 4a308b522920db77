// Examples: one behaviour, one test. The laws are in tcp_laws_test.cpp.
#include "flow/tcp_stream.h"

#include <doctest/doctest.h>

#include "flow/tcp_connection.h"

using namespace umbratap;
using namespace umbratap::test;
using namespace std::chrono_literals;

TEST_CASE("tcp: a connection from SYN to FIN") {
    Connection c;
    c.shake_hands();
    CHECK(c.send({.direction = up, .sequence = 1001, .payload = "hello"}).empty());
    CHECK(
        c.send({.direction = down, .sequence = 5001, .payload = "welcome", .acknowledgement = 1006})
            .empty());
    CHECK(c.send({.direction = up,
                  .sequence = 1006,
                  .flags = flag::ack | flag::fin,
                  .acknowledgement = 5008})
              .empty());
    CHECK_FALSE(c.stream().closed());
    CHECK(c.send({.direction = down,
                  .sequence = 5008,
                  .flags = flag::ack | flag::fin,
                  .acknowledgement = 1007})
              .empty());
    CHECK(c.stream().closed());
    CHECK_FALSE(c.stream().midstream());
    CHECK(c.send({.direction = up, .sequence = 1007, .acknowledgement = 5009}).empty());
    c.finish();
    CHECK(c.heard(up).shape == "hello$");
    CHECK(c.heard(down).shape == "welcome$");
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: early segments wait for the hole before them") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1011, .payload = "ghijk"});
    c.send({.sequence = 1006, .payload = "abcde"});
    CHECK(c.heard(up).bytes.empty());
    CHECK(c.counts(up).waiting == 10);
    c.send({.sequence = 1001, .payload = "12345"});
    CHECK(c.heard(up).shape == "12345abcdeghijk");
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: a hole is given up at the end, and is no text") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1006, .payload = "late"});
    c.finish();
    CHECK(c.heard(up).shape == "[5]late$");
    CHECK(c.heard(down).shape == "$");
    CHECK(c.counts(up).missing == 5);
    CHECK(c.balance().empty());
}
