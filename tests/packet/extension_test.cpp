#include <doctest/doctest.h>

#include "packet/decoded.h"

using namespace umbratap;
using namespace umbratap::test;
using packet::Transport;

namespace {

constexpr Ip v6{.source = "2001:db8::1", .target = "2001:db8::2"};

Octets with_headers(std::uint8_t first, const Octets& headers) {
    Ip header = v6;
    header.options = headers;
    header.first_header = first;
    return ethernet(ipv6(header, tcp({}, "hello")));
}

std::string payload_behind(std::uint8_t first, const char* headers) {
    const Decoded it = decoded(with_headers(first, from_hex(headers)));
    if (it.problem) return it.trouble();
    return it.packet.transport == Transport::tcp ? it.payload() : "no TCP";
}

}  // namespace

TEST_CASE("extension: each header leads to the next") {
    CHECK(payload_behind(0, "06 00 01 04 00000000") == "hello");                   // hop by hop
    CHECK(payload_behind(60, "06 01 01 0c 000000000000000000000000") == "hello");  // destination
    CHECK(payload_behind(43, "06 00 00 00 00000000") == "hello");                  // routing
    CHECK(payload_behind(51, "06 04 0000 00000001 00000001 000000000000000000000000") ==
          "hello");  // AH
    CHECK(payload_behind(135, "06 00 00 00 00000000") == "hello");
    CHECK(payload_behind(0, "3c 00 01 04 00000000  2b 00 01 04 00000000  06 00 00 00 00000000") ==
          "hello");
}

TEST_CASE("extension: an atomic fragment is a whole packet") {
    CHECK(payload_behind(44, "06 00 0000 00000001") == "hello");
    CHECK(payload_behind(44, "06 00 0006 00000001") == "hello");  // reserved bits count for nothing
}

TEST_CASE("extension: any other fragment is left to flow::Fragments") {
    for (const char* header :
         {"06 00 0001 00000001", "06 00 0009 00000001", "06 00 0008 00000001"}) {
        const Decoded it = decoded(with_headers(44, from_hex(header)));
        CHECK(it.trouble() == "");
        CHECK(it.packet.fragment);
        CHECK(it.packet.transport == Transport::none);
        CHECK(it.packet.network.size() == 73);
    }
}

TEST_CASE("extension: the authentication header may also follow IPv4") {
    const Octets header = from_hex("06 04 0000 00000001 00000001 000000000000000000000000");
    const Decoded it = decoded(ethernet(ipv4({.protocol = 51}, header + tcp({}, "hello"))));
    CHECK(it.payload() == "hello");
}

TEST_CASE("extension: headers of IPv6 do not follow IPv4") {
    for (const std::uint8_t protocol : {0, 43, 44, 60}) {
        const Decoded it = decoded(ethernet(ipv4({.protocol = protocol}, Octets(32))));
        CHECK(it.trouble() == "");
        CHECK(it.packet.transport == Transport::other);
    }
}

TEST_CASE("extension: with segments left, the routing header knows the target") {
    const Octets stop = octets("\x20\x01\x0d\xb8") + Octets(12, 7);
    const Octets end = octets("\x20\x01\x0d\xb8") + Octets(12, 9);
    const char* ninths = "2001:db8:909:909:909:909:909:909";
    const auto target = [](const char* header, const Octets& addresses) {
        return decoded(with_headers(43, from_hex(header) + addresses)).target();
    };
    CHECK(target("06 04 00 01 00000000", stop + end) == ninths);  // source route: last is last
    CHECK(target("06 04 04 01 01000000", end + stop) == ninths);  // segment routing: last is first
    CHECK(target("06 02 02 01 00000000", end) == ninths);         // mobile home
    CHECK(target("06 04 04 00 01000000", end + stop) == "2001:db8::2");
    CHECK(target("06 04 07 01 00000000", stop + end) == "2001:db8::2");  // of unknown type
}

TEST_CASE("extension: one that does not fit is told, and the addresses are kept") {
    for (const int first : {0, 43, 44, 51, 60}) {
        CAPTURE(first);
        Octets packet =
            ipv6({.source = "2001:db8::1", .target = "2001:db8::2"}, from_hex("06 ff 00 00"));
        packet[6] = static_cast<std::uint8_t>(first);
        const Decoded it = decoded(ethernet(packet));
        CHECK(it.trouble() == "ipv6.bad_extension_header");
        CHECK(it.packet.transport == Transport::none);
        CHECK(it.source() == "2001:db8::1");
    }
}

TEST_CASE("extension: hop-by-hop options in a second place are told") {
    const Decoded it =
        decoded(with_headers(60, from_hex("00 00 01 04 00000000  06 00 01 04 00000000")));
    CHECK(it.trouble() == "ipv6.bad_extension_header");
    CHECK(it.payload() == "hello");
}

TEST_CASE("extension: as many as the limit allows, and one more") {
    const packet::DecodeLimits limits;
    for (const int more : {0, 1}) {
        Octets headers;
        for (int i = 0; i < limits.extension_headers_max + more; ++i) {
            headers = headers + from_hex("3c 00 01 04 00000000");
        }
        headers[headers.size() - 8] = protocol_tcp;
        const Decoded it = decoded(with_headers(60, headers));
        CHECK(it.trouble() == (more ? "ipv6.too_many_extension_headers" : ""));
        CHECK((it.packet.transport == Transport::tcp) == (more == 0));
    }
}
