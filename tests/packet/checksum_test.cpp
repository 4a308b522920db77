#include <doctest/doctest.h>

#include <random>

#include "packet/decoded.h"

using namespace umbratap;
using namespace umbratap::test;
using packet::Checksum;
using packet::transport_checksum;

namespace {

Octets random_octets(std::mt19937& random, std::size_t count) {
    Octets out(count);
    for (auto& octet : out) octet = static_cast<std::uint8_t>(random());
    return out;
}

}  // namespace

TEST_CASE(
    "checksum: agrees with the slow one at every length, and with any one bit changed it does "
    "not") {
    std::mt19937 random(1);
    for (std::size_t length = 0; length < 200; ++length) {
        for (const bool v6 : {false, true}) {
            for (const std::uint8_t protocol : {protocol_tcp, protocol_udp}) {
                const Octets payload = random_octets(random, length);
                const Ip header{.source = v6 ? "2001:db8::1" : "192.0.2.1",
                                .target = v6 ? "2001:db8::ffff" : "198.51.100.2",
                                .protocol = protocol};
                const Octets segment =
                    protocol == protocol_tcp ? tcp({}, payload) : udp(4000, 5000, payload);
                Decoded it = decoded(ethernet(ip(header, segment)));
                REQUIRE(transport_checksum(it.packet) == Checksum::right);
                const std::size_t at = it.octets.size() - it.packet.segment.size() +
                                       random() % it.packet.segment.size();
                it.octets[at] ^= static_cast<std::uint8_t>(1 << random() % 8);
                const std::size_t checksum_at = it.octets.size() - it.packet.segment.size() + 6;
                const bool none = protocol == protocol_udp && it.octets[checksum_at] == 0 &&
                                  it.octets[checksum_at + 1] == 0;
                CHECK(transport_checksum(it.packet) ==
                      (none ? Checksum::unknown : Checksum::wrong));
            }
        }
    }
}

TEST_CASE("checksum: carries of long segments full of ones are all counted") {
    for (const std::size_t length : {65000u, 64999u, 32768u}) {
        const Octets payload(length, 0xff);
        CHECK(transport_checksum(decoded(ethernet(ipv4({}, tcp({}, payload)))).packet) ==
              Checksum::right);
    }
}

TEST_CASE("checksum: unknown when the capture cut the segment") {
    Octets frame = ethernet(hello_v4());
    frame.pop_back();
    CHECK(transport_checksum(decoded(frame, 1, 1).packet) == Checksum::unknown);
}

TEST_CASE("checksum: unknown for UDP without one, and for what is neither TCP nor UDP") {
    const Ip unsummed{.protocol = protocol_udp, .transport_checksum = false};
    CHECK(transport_checksum(decoded(ethernet(ipv4(unsummed, udp(1, 2, "x")))).packet) ==
          Checksum::unknown);
    CHECK(transport_checksum(
              decoded(ethernet(ipv4({.protocol = 1}, octets("\x08\0abcdefg")))).packet) ==
          Checksum::unknown);
}

TEST_CASE("checksum: TCP with a checksum field of zero is wrong, not without one") {
    CHECK(transport_checksum(
              decoded(ethernet(ipv4({.transport_checksum = false}, tcp({}, "x")))).packet) ==
          Checksum::wrong);
}
