#include <doctest/doctest.h>

#include "packet/decoded.h"

using namespace umbratap;
using namespace umbratap::test;
using Vlans = std::array<std::uint16_t, 2>;

TEST_CASE("ethernet: zero addresses are fine") {
    CHECK(unlike_hello(decoded(Octets(12) + from_hex("0800") + hello_v4())) == "");
}

TEST_CASE("ethernet: padding and trailers behind the IP packet are cut off") {
    CHECK(unlike_hello(decoded(ethernet(hello_v4()) + Octets(30, 0xee))) == "");
    CHECK(unlike_hello(decoded(ethernet(hello_v6()) + Octets(30, 0xee)), true) == "");
}

TEST_CASE("ethernet: VLAN ids next to the packet are kept, outermost first") {
    CHECK(decoded(ethernet(hello_v4())).packet.vlans == Vlans{packet::no_vlan, packet::no_vlan});
    CHECK(decoded(ethernet(vlan(7, 0x0800, hello_v4()), 0x8100)).packet.vlans ==
          Vlans{7, packet::no_vlan});
    for (const std::uint16_t tpid : {0x8100, 0x88a8, 0x9100, 0x9200}) {
        const Decoded it =
            decoded(ethernet(vlan(100, 0x8100, vlan(0xe007, 0x0800, hello_v4())), tpid));
        CHECK(unlike_hello(it) == "");
        CHECK(it.packet.vlans == Vlans{100, 7});
    }
    const Octets three = vlan(1, 0x8100, vlan(2, 0x8100, vlan(3, 0x86dd, hello_v6())));
    CHECK(decoded(ethernet(three, 0x8100)).packet.vlans == Vlans{2, 3});
}

TEST_CASE("ethernet: a priority tag is no VLAN") {
    const Decoded it = decoded(ethernet(vlan(0xe000, 0x0800, hello_v4()), 0x8100));
    CHECK(unlike_hello(it) == "");
    CHECK(it.packet.vlans == Vlans{packet::no_vlan, packet::no_vlan});
}

TEST_CASE("ethernet: tags and frames in frames are taken off") {
    struct Case {
        int type;
        const char* tag;
    };
    const Octets frame = ethernet(hello_v4());
    for (const Case& c : {Case{0x8926, "00010002 0800"},
                          {0x893f, "000000010000 0800"},
                          {0x8909, "0101 0001 0004 0800"},
                          {0x892f, "0034 0001 0800"}}) {
        CAPTURE(c.tag);
        CHECK(unlike_hello(decoded(ethernet(from_hex(c.tag) + hello_v4(),
                                            static_cast<std::uint16_t>(c.type)))) == "");
    }
    for (const Case& c : {Case{0x88e7, "00000001"},
                          {0x8903, "0001"},
                          {0x22f3, "0003 0001 0002"},
                          {0x22f3, "0043 0001 0002 00000000"},
                          {0x6558, ""}}) {
        CAPTURE(c.tag);
        CHECK(unlike_hello(decoded(
                  ethernet(from_hex(c.tag) + frame, static_cast<std::uint16_t>(c.type)))) == "");
    }
}

TEST_CASE("ethernet: IP in 802.3 frames stands behind LLC and SNAP") {
    for (const char* snap : {"aaaa03 000000 0800", "aaaa03 0000f8 0800", "060603"}) {
        const Octets body = from_hex(snap) + hello_v4();
        CHECK(unlike_hello(decoded(ethernet(body, static_cast<std::uint16_t>(body.size())))) == "");
        CHECK(unlike_hello(decoded(ethernet(body, 0x8870))) == "");
    }
}

TEST_CASE("ethernet: frames that hold no IP are no problem") {
    for (const char* frame : {
             "ffffffffffff 020000000001 0806 0001080006040001",    // ARP
             "0180c200000e 020000000001 88cc 0207",                // LLDP
             "0180c2000000 020000000001 0026 424203 0000000000",   // spanning tree
             "ffffffffffff 020000000001 0020 ffff 0020 0000",      // raw IPX
             "01000ccccccc 020000000001 0020 aaaa03 00000c 2000",  // CDP
             "ffffffffffff 020000000001 05f0 0000",                // neither length nor type
             "ffffffffffff 020000000001 0002 42",                  // shorter than LLC
             "ffffffffffff 020000000001 8863 1109000000000000",    // PPPoE discovery
         }) {
        CAPTURE(frame);
        const Decoded it = decoded(from_hex(frame));
        CHECK(it.trouble() == "");
        CHECK(it.packet.transport == packet::Transport::none);
        CHECK(it.packet.network.empty());
    }
}
