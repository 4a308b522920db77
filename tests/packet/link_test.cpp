#include <doctest/doctest.h>

#include "packet/decoded.h"

using namespace umbratap;
using namespace umbratap::test;

TEST_CASE("link: each link type leads to the packet inside") {
    struct Case {
        int link_type;
        const char* header;
        bool v6;
    };
    const Case cases[] = {
        {1, "020000000002 020000000001 0800", false},
        {1, "020000000002 020000000001 86dd", true},
        {101, "", false},
        {101, "", true},
        {12, "", false},
        {14, "", true},
        {228, "", false},
        {229, "", true},
        {0, "02000000", false},
        {0, "00000002", false},
        {0, "1e000000", true},
        {0, "0000001c", true},
        {0, "18000000", true},
        {0, "0f000800", false},
        {108, "00000002", false},
        {108, "0000001e", true},
        {113, "0000 0001 0006 020000000001 0000 0800", false},
        {113, "0000 0001 0006 020000000001 0000 86dd", true},
        {276, "0800 0000 00000003 0001 00 06 0200000000010000", false},
        {276, "86dd 0000 00000003 0001 04 06 0200000000010000", true},
        {276, "8100 0000 00000003 0001 04 06 0200000000010000 0007 0800", false},
        {9, "ff03 0021", false},
        {9, "ff03 0057", true},
        {9, "0021", false},
        {9, "21", false},
        {50, "ff03 0021", false},
        {50, "0f00 0800", false},
        {50, "8f00 86dd", true},
        {51, "11 00 0001 002f 0021", false},
        {104, "0f00 0800", false},
        {107, "1841 03 cc", false},
        {107, "1841 03 8e", true},
        {107, "1841 03 00 80 000000 0800", false},
        {107, "1841 0800", false},
        {109, "02000000 00000000 00000000", false},
        {117,
         "3d02 0000 00000000000000000000000000000000 00000000000000000000000000000000"
         "00000000000000000000000000000000 0000000000000000 00000000",
         false},
        {166, "00 ff03 0021", false},
        {166, "ff03 0021", false},
        {204, "01 ff03 0057", true},
        {239, "02 00 0001  0800 0100 08000100  3100 0900", false},
    };
    for (const Case& c : cases) {
        CAPTURE(c.link_type);
        CAPTURE(c.header);
        const Octets packet = c.v6 ? hello_v6() : hello_v4();
        const Octets padding = c.link_type == 239 ? Octets(3) : Octets{};
        const Decoded it =
            decoded(from_hex(c.header) + packet + padding, static_cast<std::uint16_t>(c.link_type));
        CHECK(unlike_hello(it, c.v6) == "");
    }
}

TEST_CASE("link: a header that does not fit is told, whatever the link type") {
    for (const int link_type :
         {1, 113, 276, 101, 0, 108, 9, 50, 51, 104, 107, 109, 117, 166, 204, 239}) {
        CAPTURE(link_type);
        const Decoded it = decoded({}, static_cast<std::uint16_t>(link_type));
        CHECK(it.trouble().ends_with("too_short"));
        CHECK(it.packet.transport == packet::Transport::none);
    }
}

TEST_CASE("link: an unknown link type is a problem and no packet") {
    const Decoded it = decoded(hello_v4(), 147);
    CHECK(it.trouble() == "link.unknown_type");
    CHECK(it.packet.transport == packet::Transport::none);
}

TEST_CASE("link: a cooked frame of something that is no IP is no problem") {
    CHECK(decoded(from_hex("0000 0001 0006 020000000001 0000 0806 0001"), 113).trouble() == "");
    CHECK(decoded(from_hex("0000 0001 0006 020000000001 0000 0004 4242030000"), 113).trouble() ==
          "");
}

TEST_CASE("link: a netfilter log whose field has no length is told") {
    CHECK(decoded(from_hex("02 00 0001 0000 0100"), 239).trouble() == "link.bad_netfilter_log");
}

TEST_CASE("link: a frame relay address without end is told") {
    CHECK(decoded(from_hex("00000000 00000000"), 107).trouble() == "link.bad_frame_relay_address");
}
