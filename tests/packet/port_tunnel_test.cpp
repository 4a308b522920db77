#include <doctest/doctest.h>

#include "packet/decoded.h"

using namespace umbratap;
using namespace umbratap::test;
using packet::Transport;

namespace {

Decoded carried(std::uint16_t port, const Octets& content) {
    return decoded(
        ethernet(ipv4({.source = "192.0.2.1", .target = "192.0.2.2", .protocol = protocol_udp},
                      udp(50000, port, content))));
}
Decoded carried(std::uint16_t port, const char* header, const Octets& content) {
    return carried(port, from_hex(header) + content);
}

/// Empty if `it` is the outer UDP packet, as it should be where nothing is wrapped.
std::string unlike_outer(const Decoded& it, std::uint16_t port) {
    if (it.problem) return it.trouble();
    if (it.packet.transport != Transport::udp || it.packet.target_port != port)
        return "other transport";
    if (it.source() != "192.0.2.1") return "from " + it.source();
    return it.packet.tunnel == packet::Tunnel::none ? "" : it.tunnel();
}

}  // namespace

TEST_CASE("vxlan: an Ethernet frame, with a group policy or without, on both ports") {
    for (const std::uint16_t port : {4789, 8472}) {
        const Decoded it = carried(port, "08 000000 000064 00", ethernet(hello_v4()));
        CHECK(unlike_hello(it) == "");
        CHECK(it.tunnel() == "vxlan");
    }
    CHECK(unlike_hello(carried(4789, "88 000007 000064 00", ethernet(hello_v6())), true) == "");
    const Octets tagged = ethernet(vlan(7, 0x0800, hello_v4()), 0x8100);
    CHECK(carried(4789, "08 000000 000064 00", tagged).packet.vlans[0] == 7);
}

TEST_CASE("vxlan: with the generic protocol extension") {
    CHECK(unlike_hello(carried(4790, "0c 0000 01 000064 00", hello_v4())) == "");
    CHECK(unlike_hello(carried(4790, "0c 0000 02 000064 00", hello_v6()), true) == "");
    CHECK(unlike_hello(carried(4790, "0c 0000 03 000064 00", ethernet(hello_v4()))) == "");
    CHECK(unlike_hello(carried(4790, "0c 0000 04 000064 00 0fc2 02 01 00000140", hello_v4())) ==
          "");
    CHECK(unlike_hello(carried(4790, "08 0000 00 000064 00", ethernet(hello_v4()))) == "");
}

TEST_CASE("geneve: Ethernet, IPv4 and IPv6, options skipped") {
    const Decoded it = carried(6081, "00 00 6558 000064 00", ethernet(hello_v4()));
    CHECK(unlike_hello(it) == "");
    CHECK(it.tunnel() == "geneve");
    CHECK(unlike_hello(carried(6081, "02 40 0800 000064 00 0102030405060708", hello_v4())) == "");
    CHECK(unlike_hello(carried(6081, "00 00 86dd 000064 00", hello_v6()), true) == "");
}

TEST_CASE("gtp-u: with and without sequence number and extension headers") {
    const Decoded it = carried(2152, "30 ff 002d 00000001", hello_v4());
    CHECK(unlike_hello(it) == "");
    CHECK(it.tunnel() == "gtp_u");
    CHECK(unlike_hello(carried(2152, "32 ff 0031 00000001 0001 00 00", hello_v4())) == "");
    CHECK(unlike_hello(carried(2152, "34 ff 0035 00000001 0000 00 85 01 0009 00", hello_v4())) ==
          "");
    CHECK(unlike_hello(carried(2152, "34 ff 004d 00000001 0000 00 85 01 0009 40 01 1234 00",
                               hello_v6() + Octets(4)),
                       true) == "");
}

TEST_CASE("port tunnels: the port may also be that of the source") {
    const Octets wrapped = udp(2152, 1024, from_hex("30 ff 002d 00000001") + hello_v4());
    CHECK(unlike_hello(decoded(ethernet(ipv4({.protocol = protocol_udp}, wrapped)))) == "");
}

TEST_CASE("port tunnels: a UDP packet that only uses the port stays a UDP packet") {
    for (const std::uint16_t port : {4789, 8472, 4790, 6081, 2152}) {
        CAPTURE(port);
        CHECK(unlike_outer(carried(port, octets("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")),
                           port) == "");
        CHECK(unlike_outer(carried(port, Octets{}), port) == "");
        CHECK(unlike_outer(carried(port, Octets(60, 0)), port) == "");
        CHECK(unlike_outer(carried(port, Octets(60, 0x08)), port) == "");
        CHECK(unlike_outer(carried(port, Octets(60, 0x30)), port) == "");
        CHECK(unlike_outer(carried(port, Octets(60, 0xff)), port) == "");
    }
}

TEST_CASE("port tunnels: what is reserved counts for nothing") {
    CHECK(unlike_hello(carried(4789, "3a 123456 000064 01", ethernet(hello_v4()))) == "");
    CHECK(unlike_hello(carried(6081, "00 3f 6558 000064 01", ethernet(hello_v4()))) == "");
}

TEST_CASE("port tunnels: flags alone are not believed") {
    CHECK(unlike_outer(carried(4789, "00 000000 000064 00", ethernet(hello_v4())), 4789) == "");
    CHECK(unlike_outer(carried(4789, "08 000000 000064 00", ethernet(octets("not IP"), 0x0800)),
                       4789) == "");
    CHECK(unlike_outer(carried(4789, "08 000000 000064 00", ethernet(Octets(28), 0x0806)), 4789) ==
          "");
    CHECK(unlike_outer(carried(6081, "40 00 6558 000064 00", ethernet(hello_v4())), 6081) == "");
    CHECK(unlike_outer(carried(6081, "3f 00 6558 000064 00", ethernet(hello_v4())), 6081) == "");
    CHECK(unlike_outer(carried(2152, "30 01 002d 00000001", hello_v4()), 2152) == "");
    CHECK(unlike_outer(carried(2152, "30 ff 002e 00000001", hello_v4()), 2152) == "");
    CHECK(unlike_outer(carried(2152, "34 ff 0031 00000001 0000 00 85 00", hello_v4()), 2152) == "");
    CHECK(unlike_outer(carried(2152, "34 ff 0031 00000001 0000 00 85 ff", hello_v4()), 2152) == "");
}
