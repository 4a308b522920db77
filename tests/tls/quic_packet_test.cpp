#include "tls/quic_packet.h"

#include <doctest/doctest.h>

#include "base/digest.h"
#include "tls/quic_bytes.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

/// RFC 9001, A.2: the frame that carries the ClientHello.
const std::string rfc_frame = from_hex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c"
    "00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006"
    "001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9caa4"
    "7fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e040305"
    "0306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ff"
    "ff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff");
const std::string rfc_id = from_hex("8394c8f03e515708");

std::string opened(const std::string& datagram) {
    Bytes rest = as_bytes(datagram);
    const auto packet = take_quic_packet(rest);
    if (!packet || !packet->initial) return "no Initial packet";
    const auto frames = QuicInitialKeys(packet->version, packet->destination).open(*packet);
    return frames ? std::string(as_text(*frames)) : "sealed";
}

}  // namespace

TEST_CASE("the client's packet of RFC 9001, A.2 is opened") {
    const std::string packet = Sealer(rfc_id).seal(rfc_frame, 2, 1162);
    REQUIRE(packet.size() == 1200);
    CHECK(to_hex(as_bytes(packet).first(38)) ==
          "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b");
    CHECK(to_hex(as_bytes(packet).last(16)) == "e221af44860018ab0856972e194cd934");
    const std::string frames = opened(packet);
    CHECK(frames.size() == 1162);
    CHECK(frames.starts_with(rfc_frame));
}

TEST_CASE("the client's packet of RFC 9369, A.2 is opened") {
    const std::string packet = Sealer(rfc_id, 0x6b3343cf).seal(rfc_frame, 2, 1162);
    CHECK(to_hex(as_bytes(packet).first(38)) ==
          "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071");
    CHECK(to_hex(as_bytes(packet).last(16)) == "a18b2faa745b6fe189cf772a9f84cbfc");
    CHECK(opened(packet).starts_with(rfc_frame));
}

TEST_CASE("the tag decides: whatever bit is turned, nothing comes out") {
    for (const std::uint32_t version : {1U, 0x6b3343cfU, 0xff00001dU}) {
        const std::string packet = Sealer("12345678", version).seal("\x01", 7, 20, "token");
        CHECK(opened(packet) == "\x01" + std::string(19, '\0'));
        for (std::size_t bit = 0; bit < 8 * packet.size(); ++bit) {
            std::string turned = packet;
            turned[bit / 8] = static_cast<char>(turned[bit / 8] ^ 1 << bit % 8);
            const std::string got = opened(turned);
            CHECK((got == "sealed" || got == "no Initial packet"));
        }
    }
    CHECK(opened(Sealer("12345678", 1, "server in").seal("\x01")) == "sealed");
}

TEST_CASE("a packet that is cut anywhere is none") {
    const std::string packet = Sealer("12345678").seal("\x01", 7, 20, "token");
    for (std::size_t size = 0; size < packet.size(); ++size)
        CHECK(opened(packet.substr(0, size)) == "no Initial packet");
}

TEST_CASE("packets that share a datagram are taken one by one") {
    const std::string initial = Sealer("12345678").seal("\x01");
    const std::string handshake = from_hex("e000000001") + vector_of("12345678", 1) +
                                  vector_of("", 1) + varint(30) + std::string(30, 'h');
    const std::string datagram = initial + handshake + initial + "\x40 short";
    Bytes rest = as_bytes(datagram);
    CHECK(take_quic_packet(rest)->initial);
    const auto second = take_quic_packet(rest);
    REQUIRE(second);
    CHECK(!second->initial);
    CHECK(as_text(second->whole) == handshake);
    CHECK(take_quic_packet(rest)->initial);
    CHECK(!take_quic_packet(rest));
    CHECK(as_text(rest) == "\x40 short");
}

TEST_CASE("a Retry takes the rest of its datagram") {
    for (const char* begin : {"f000000001", "c06b3343cf"}) {
        const std::string datagram =
            from_hex(begin) + vector_of("", 1) + vector_of("new id", 1) + "token and tag";
        Bytes rest = as_bytes(datagram);
        const auto packet = take_quic_packet(rest);
        REQUIRE(packet);
        CHECK(!packet->initial);
        CHECK(rest.empty());
    }
}

TEST_CASE("the form of a long header is known by its first bits and its version") {
    CHECK(looks_like_quic(as_bytes(from_hex("c0000000010000"))));
    CHECK(looks_like_quic(as_bytes(from_hex("cf6b3343cf0000"))));
    CHECK(looks_like_quic(as_bytes(from_hex("c0ff0000170000"))));
    CHECK(!looks_like_quic(as_bytes(from_hex("c00000000100"))));
    CHECK(!looks_like_quic(as_bytes(from_hex("80000000010000"))));
    CHECK(!looks_like_quic(as_bytes(from_hex("40000000010000"))));
    CHECK(!looks_like_quic(as_bytes(from_hex("c0000000020000"))));
}

TEST_CASE("a connection ID longer than 20 bytes makes no packet of a version that is read") {
    const std::string datagram = from_hex("c000000001") + vector_of(std::string(21, 'i'), 1) +
                                 vector_of("", 1) + number(0, 1) + varint(40) +
                                 std::string(40, 'p');
    Bytes rest = as_bytes(datagram);
    CHECK(!take_quic_packet(rest));
    CHECK(rest.size() == datagram.size());
}
