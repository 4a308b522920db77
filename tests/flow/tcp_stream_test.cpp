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

// Holes and limits.

TEST_CASE("tcp: a hole is given up when it was waited for long enough") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1006, .payload = "early", .time = 1s});
    c.send({.direction = down, .sequence = 5001, .time = 11s});
    CHECK(c.heard(up).shape.empty());
    c.send({.direction = down, .sequence = 5001, .time = 11s + 1ms});
    CHECK(c.heard(up).shape == "[5]early");
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: a hole that the receiver has acknowledged is given up sooner") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1006, .payload = "early", .time = 1s});
    c.send({.direction = down, .sequence = 5001, .acknowledgement = 1011, .time = 1s + 1ms});
    c.send({.direction = down, .sequence = 5001, .acknowledgement = 1011, .time = 1501ms});
    CHECK(c.heard(up).shape.empty());
    c.send({.direction = down, .sequence = 5001, .acknowledgement = 1011, .time = 1502ms});
    CHECK(c.heard(up).shape == "[5]early");
}

TEST_CASE("tcp: a hole that the receiver is seen to wait for too is not given up for time") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1006, .payload = "early", .time = 1s});
    c.send({.direction = down, .sequence = 5001, .acknowledgement = 1001, .time = 60s});
    CHECK(c.heard(up).shape.empty());
    c.send({.sequence = 1001, .payload = "truth", .time = 61s});
    CHECK(c.heard(up).shape == "truthearly");
}

TEST_CASE("tcp: while bytes come in order a hole further on is no reason to skip any") {
    Connection c;
    c.send({.sequence = 1001, .payload = "a", .time = 1s});
    c.send({.sequence = 1101, .payload = "far ahead", .time = 2s});
    for (int i = 1; i < 50; ++i) {
        c.send({.sequence = 1001 + static_cast<std::uint32_t>(i),
                .payload = "a",
                .time = 2s + i * 9s});
    }
    CHECK(c.heard(up).shape == std::string(50, 'a'));
}

TEST_CASE("tcp: a hole is given up when too many bytes wait behind it") {
    flow::TcpLimits limits;
    limits.early_bytes_max = 10;
    Connection c(limits);
    c.shake_hands();
    CHECK(c.send({.sequence = 1006, .payload = "abcdef"}).empty());
    CHECK(c.send({.sequence = 1012, .payload = "ghijk"}) == "tcp.too_many_early_bytes");
    CHECK(c.heard(up).shape == "[5]abcdefghijk");
    CHECK(c.send({.sequence = 1001, .payload = "late"}).empty());
    CHECK(c.counts(up).duplicate == 4);
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: a hole is given up when too many pieces wait behind it") {
    flow::TcpLimits limits;
    limits.early_segments_max = 3;
    Connection c(limits);
    c.shake_hands();
    for (const std::uint32_t at : {1003U, 1005U, 1007U})
        CHECK(c.send({.sequence = at, .payload = "x"}).empty());
    CHECK(c.send({.sequence = 1009, .payload = "x"}) == "tcp.too_many_early_segments");
    CHECK(c.heard(up).shape == "[2]x");
    c.finish();
    CHECK(c.heard(up).shape == "[2]x[1]x[1]x[1]x$");
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: a hole is given up when the budget is used up") {
    Connection c({}, 600);
    c.shake_hands();
    const std::string early(400, 'e');
    CHECK(c.send({.sequence = 2001, .payload = early}) == "tcp.budget_used_up");
    CHECK(c.heard(up).shape == "[1000]" + early);
    CHECK(c.budget().used() <= 600);
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: early segments of one byte that touch make one piece") {
    flow::TcpLimits limits;
    limits.early_segments_max = 2;
    Connection c(limits);
    c.shake_hands();
    for (std::uint32_t i = 0; i < 1000; ++i)
        CHECK(c.send({.sequence = 1002 + i, .payload = "x"}).empty());
    c.send({.sequence = 1001, .payload = "!"});
    CHECK(c.heard(up).bytes == "!" + std::string(1000, 'x'));
}

// Begin.

TEST_CASE("tcp: a connection met midway begins with the first byte seen") {
    Connection c;
    c.send({.direction = down, .sequence = 77, .acknowledgement = 500});
    c.send({.sequence = 500, .payload = "go on"});
    c.send({.sequence = 490, .payload = "what was before"});
    CHECK(c.stream().midstream());
    CHECK(c.heard(up).shape == "go on");
    CHECK(c.counts(up).discarded == 10);
    CHECK(c.counts(up).duplicate + c.counts(up).conflicting == 5);
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: the SYN-ACK says where the client begins if its SYN was not seen") {
    Connection c;
    c.send({.direction = down,
            .sequence = 5000,
            .flags = flag::syn | flag::ack,
            .acknowledgement = 1001});
    c.send({.sequence = 1004, .payload = "def"});
    c.send({.sequence = 1001, .payload = "abc"});
    CHECK_FALSE(c.stream().midstream());
    CHECK(c.heard(up).shape == "abcdef");
}

TEST_CASE("tcp: data in SYN is the begin of the stream, and may come again") {
    Connection c;
    c.send({.sequence = 1000, .payload = "quick", .flags = flag::syn});
    c.send({.direction = down,
            .sequence = 5000,
            .payload = "answer",
            .flags = flag::syn | flag::ack,
            .acknowledgement = 1001});
    CHECK(c.send({.sequence = 1001, .payload = "quick start", .acknowledgement = 5007}).empty());
    CHECK(c.heard(up).shape == "quick start");
    CHECK(c.heard(down).shape == "answer");
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: of two SYNs the one counts that is acknowledged") {
    for (const bool second : {false, true}) {
        Connection c;
        c.send({.sequence = 1000, .flags = flag::syn});
        CHECK(c.send({.sequence = 9000, .flags = flag::syn}) == "tcp.other_initial_sequence");
        c.send({.direction = down,
                .sequence = 5000,
                .flags = flag::syn | flag::ack,
                .acknowledgement = second ? 9001U : 1001U});
        c.send({.sequence = second ? 1001U : 9001U, .payload = "lie"});
        c.send({.sequence = second ? 9001U : 1001U, .payload = "truth", .acknowledgement = 5001});
        CAPTURE(second);
        CHECK(c.heard(up).bytes == "truth");
    }
}

TEST_CASE("tcp: of two SYNs whose answer was not captured the one counts that goes on") {
    Connection c;
    c.send({.sequence = 1000, .flags = flag::syn});
    c.send({.sequence = 90000, .flags = flag::syn});
    c.send({.sequence = 90001, .payload = "truth"});
    CHECK(c.heard(up).bytes == "truth");
}

TEST_CASE("tcp: a split handshake, and a simultaneous open") {
    for (const bool server_acknowledges_first : {false, true}) {
        Connection c;
        c.send({.sequence = 1000, .flags = flag::syn});
        if (server_acknowledges_first)
            c.send({.direction = down, .sequence = 0, .acknowledgement = 1001});
        c.send({.direction = down, .sequence = 5000, .flags = flag::syn});
        c.send({.sequence = 1000, .flags = flag::syn | flag::ack, .acknowledgement = 5001});
        c.send({.direction = down, .sequence = 5001, .acknowledgement = 1001});
        c.send({.sequence = 1001, .payload = "up", .acknowledgement = 5001});
        c.send({.direction = down, .sequence = 5001, .payload = "down", .acknowledgement = 1003});
        CHECK(c.heard(up).shape == "up");
        CHECK(c.heard(down).shape == "down");
        CHECK(c.problems().empty());
    }
}

TEST_CASE("tcp: what a server sends before its SYN-ACK does not hide what it sends after") {
    Connection c;
    c.send({.sequence = 1000, .flags = flag::syn});
    c.send({.direction = down,
            .sequence = 70000,
            .payload = "lie",
            .flags = flag::ack | flag::fin,
            .acknowledgement = 1001});
    c.send({.direction = down,
            .sequence = 5000,
            .flags = flag::syn | flag::ack,
            .acknowledgement = 1001});
    c.send({.direction = down, .sequence = 5001, .payload = "truth", .acknowledgement = 1001});
    CHECK(c.heard(down).bytes == "lietruth");
    CHECK(c.heard(down).ends == 0);
}

TEST_CASE("tcp: a SYN amid the stream is ignored and named") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1001, .payload = "before "});
    CHECK(c.send({.sequence = 40000, .payload = "lie", .flags = flag::syn}) == "tcp.syn_in_stream");
    c.send({.sequence = 1008, .payload = "after"});
    CHECK(c.heard(up).bytes == "before after");
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: one direction alone is enough") {
    Connection c;
    c.send({.sequence = 1000, .flags = flag::syn});
    c.send({.sequence = 1001, .payload = "abc", .acknowledgement = 5001});
    c.send({.sequence = 1004,
            .payload = "def",
            .flags = flag::ack | flag::fin,
            .acknowledgement = 5001});
    CHECK(c.heard(up).shape == "abcdef$");
}

// End.

TEST_CASE("tcp: FIN behind a hole ends the stream when the hole is filled") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1006, .payload = "world", .flags = flag::ack | flag::fin});
    CHECK(c.heard(up).ends == 0);
    c.send({.sequence = 1001, .payload = "hello"});
    CHECK(c.heard(up).shape == "helloworld$");
}

TEST_CASE("tcp: a FIN that data goes across is ignored, as receivers do") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1006, .flags = flag::ack | flag::fin});
    CHECK(c.send({.sequence = 1001, .payload = "hello world"}) == "tcp.conflicting_end");
    CHECK(c.heard(up).shape == "hello world");
    CHECK(c.send({.sequence = 1004, .flags = flag::ack | flag::fin}) == "tcp.conflicting_end");
    CHECK(c.heard(up).ends == 0);
}

TEST_CASE("tcp: data behind FIN is named, and handed on beside the stream") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1001, .payload = "end", .flags = flag::ack | flag::fin});
    CHECK(c.send({.sequence = 1004, .payload = "tools/call"}) == "tcp.data_after_end");
    CHECK(c.heard(up).shape == "end$");
    REQUIRE(c.heard(up).alternates.size() == 1);
    CHECK(c.heard(up).alternates[0] == "tools/call");
    CHECK(c.counts(up).discarded == 10);
    CHECK(c.send({.sequence = 1001, .payload = "end", .flags = flag::ack | flag::fin}).empty());
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: RST in the window closes; data that comes nevertheless is taken and named") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1001, .payload = "one "});
    CHECK(c.send({.sequence = 1005, .flags = flag::rst}).empty());
    CHECK(c.stream().closed());
    CHECK(c.send({.sequence = 1005, .payload = "two"}) == "tcp.data_after_end");
    c.finish();
    CHECK(c.heard(up).shape == "one two$");
    CHECK(c.heard(down).shape == "$");
}

TEST_CASE("tcp: RST outside the window, or with a bad checksum, is ignored") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1001, .payload = "one "});
    CHECK(c.send({.sequence = 1000, .flags = flag::rst}) == "tcp.reset_outside_window");
    CHECK(c.send({.sequence = 1005 + 65536 + 1, .flags = flag::rst}) == "tcp.reset_outside_window");
    CHECK(c.send({.sequence = 1005, .flags = flag::rst, .right_checksum = false}) ==
          "tcp.bad_checksum");
    CHECK_FALSE(c.stream().closed());
}

TEST_CASE("tcp: RST that refuses a SYN counts if it acknowledges it") {
    Connection c;
    c.send({.sequence = 1000, .flags = flag::syn});
    CHECK(c.send({.direction = down, .flags = flag::rst | flag::ack, .acknowledgement = 400}) ==
          "tcp.reset_outside_window");
    CHECK_FALSE(c.stream().closed());
    CHECK(c.send({.direction = down, .flags = flag::rst | flag::ack, .acknowledgement = 1001})
              .empty());
    CHECK(c.stream().closed());
    c.finish();
    CHECK(c.heard(up).shape == "$");
    CHECK(c.heard(down).shape == "$");
}

// Checksums, windows, snap length.

TEST_CASE("tcp: a segment with a bad checksum is as not received") {
    Connection c;
    c.shake_hands();
    CHECK(c.send({.sequence = 1001, .payload = "lie!!", .right_checksum = false}) ==
          "tcp.bad_checksum");
    CHECK(c.send({.sequence = 1001, .payload = "truth"}).empty());
    CHECK(c.heard(up).shape == "truth");
    CHECK(c.heard(up).alternates.empty());
    CHECK(c.counts(up).bad_checksums == 1);
    c.finish();
    CHECK(c.counts(up).discarded == 5);
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: a segment with a bad checksum that is acknowledged was received after all") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1001, .payload = "hello", .right_checksum = false});
    CHECK(c.counts(up).waiting == 5);
    c.send({.direction = down, .sequence = 5001, .acknowledgement = 1005});
    CHECK(c.heard(up).shape.empty());
    c.send({.direction = down, .sequence = 5001, .acknowledgement = 1006});
    CHECK(c.heard(up).shape == "hello");
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: where all checksums of a direction are wrong they are ignored") {
    Connection c;
    c.send({.sequence = 1000, .flags = flag::syn, .right_checksum = false});
    c.send({.direction = down,
            .sequence = 5000,
            .flags = flag::syn | flag::ack,
            .acknowledgement = 1001});
    CHECK(c.send({.sequence = 1001, .payload = "hello", .right_checksum = false}).empty());
    CHECK(c.heard(up).shape == "hello");
    CHECK(c.counts(up).ignored_checksums == 2);
    CHECK(c.counts(down).ignored_checksums == 0);
}

TEST_CASE("tcp: what lies ahead of the window is as not received") {
    Connection c;
    c.shake_hands();
    CHECK(c.send({.sequence = 1001 + 70000, .payload = "lie"}) == "tcp.outside_window");
    CHECK(c.send({.sequence = 1001 - 0x60000000U, .payload = "lie"}) == "tcp.outside_window");
    c.send({.sequence = 1001, .payload = "truth", .time = 30s});
    c.finish();
    CHECK(c.heard(up).shape == "truth$");
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: the window is scaled if both SYNs say so") {
    const Octets shift_7 = {3, 3, 7, 0};
    Connection c;
    c.send({.sequence = 1000, .flags = flag::syn, .options = shift_7});
    c.send({.direction = down,
            .sequence = 5000,
            .flags = flag::syn | flag::ack,
            .acknowledgement = 1001,
            .options = shift_7});
    c.send({.direction = down, .sequence = 5001, .acknowledgement = 1001, .window = 1000});
    CHECK(c.send({.sequence = 1001 + 127000, .payload = "early"}).empty());
    CHECK(c.send({.sequence = 1001 + 129000, .payload = "lie"}) == "tcp.outside_window");
}

TEST_CASE("tcp: what a snap length cut off is missing at once") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1001, .payload = "hello, world", .captured_max = 25});
    c.send({.sequence = 1013, .payload = "more"});
    CHECK(c.heard(up).shape == "hello[7]more");
    CHECK(c.counts(up).not_captured == 7);
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: what a snap length cut off of early segments is not waited for") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1013, .payload = "second segment", .captured_max = 26});
    c.send({.sequence = 1027, .payload = "third", .captured_max = 22});
    c.send({.sequence = 1001, .payload = "hello, world", .captured_max = 25});
    CHECK(c.heard(up).shape == "hello[7]second[8]th[3]");
    CHECK(c.balance().empty());
}

TEST_CASE("tcp: keep-alives are silent, with a byte of garbage or without") {
    for (const bool answered : {false, true}) {
        Connection c;
        c.send({.sequence = 1000, .flags = flag::syn});
        if (answered)
            c.send({.direction = down,
                    .sequence = 5000,
                    .flags = flag::syn | flag::ack,
                    .acknowledgement = 1001});
        CHECK(c.send({.sequence = 1001, .payload = "hello"}).empty());
        if (answered) c.send({.direction = down, .sequence = 5001, .acknowledgement = 1006});
        CHECK(c.send({.sequence = 1005, .payload = std::string_view("\0", 1)}).empty());
        CHECK(c.send({.sequence = 1005}).empty());
        CHECK(c.heard(up).shape == "hello");
        CHECK(c.counts(up).duplicate == 1);
    }
}

TEST_CASE("tcp: other readings are handed on up to a limit") {
    flow::TcpLimits limits;
    limits.alternate_bytes_max = 25;
    Connection c(limits);
    c.shake_hands();
    c.send({.sequence = 1001, .payload = "0123456789"});
    for (const char letter : {'a', 'b', 'c', 'd'}) {
        const std::string other(10, letter);
        CHECK(c.send({.sequence = 1001, .payload = other}) == "tcp.conflicting_overlap");
    }
    const auto& alternates = c.heard(up).alternates;
    REQUIRE(alternates.size() == 3);
    CHECK(alternates[0] == "aaaaaaaaaa");
    CHECK(alternates[2] == "ccccc");
    CHECK(c.counts(up).conflicting == 40);
}

TEST_CASE("tcp: bytes that were acknowledged are no longer kept") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1001, .payload = "hello"});
    CHECK(c.budget().used() > 0);
    c.send({.direction = down, .sequence = 5001, .acknowledgement = 1006});
    CHECK(c.budget().used() == 0);
}

TEST_CASE("tcp: delivered bytes are kept up to a limit to compare with") {
    flow::TcpLimits limits;
    limits.overlap_bytes_kept = 1000;
    Connection c(limits);
    c.shake_hands();
    const std::string text(100, 'x');
    for (std::uint32_t i = 0; i < 100; ++i) c.send({.sequence = 1001 + i * 100, .payload = text});
    CHECK(c.budget().used() <= 3000);
    CHECK(c.send({.sequence = 1001 + 9900, .payload = "y"}) == "tcp.conflicting_overlap");
    CHECK(c.send({.sequence = 1001, .payload = "y"}).empty());
    CHECK(c.counts(up).conflicting == 1);
}
