#include "capture/filter.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "captures.h"

using namespace umbratap;
using capture::Filter;
using capture::Frame;

namespace {

/// An IPv4 packet with a TCP header, to `port`.
std::string tcp_packet(unsigned port) {
    test::Octets out(true);
    out.u8(0x45).u8(0).u16(40).u32(0).u8(64).u8(6).u16(0).u32(0x0a000001).u32(0x0a000002);
    out.u16(40000).u16(port).u32(0).u32(0).u16(0x5010).u16(0).u32(0);
    return out.content();
}

std::string ethernet(const std::string& packet) {
    return std::string(12, '\x02') + std::string("\x08\x00", 2) + packet;
}

Frame frame_of(const std::string& bytes, std::uint16_t link_type) {
    Frame frame;
    frame.data = as_bytes(bytes);
    frame.original_length = static_cast<std::uint32_t>(bytes.size());
    frame.link_type = link_type;
    return frame;
}

}  // namespace

TEST_CASE("filter: one expression serves link types of different offsets, in any order") {
    Filter filter("tcp port 80");
    const std::string yes = tcp_packet(80), no = tcp_packet(81);
    for (int round = 0; round < 3; ++round) {
        CHECK(filter.accepts(frame_of(ethernet(yes), 1)));
        CHECK_FALSE(filter.accepts(frame_of(ethernet(no), 1)));
        CHECK(filter.accepts(frame_of(yes, 101)));
        CHECK_FALSE(filter.accepts(frame_of(no, 101)));
        CHECK(filter.accepts(frame_of(yes, 228)));
    }
    CHECK(filter.take_remarks().empty());
}

TEST_CASE("filter: a cut frame is judged by what is there") {
    Filter filter("tcp port 80");
    CHECK_FALSE(filter.accepts(frame_of(ethernet(tcp_packet(80)).substr(0, 30), 1)));
    CHECK_FALSE(filter.accepts(frame_of("", 1)));
}

TEST_CASE("filter: a wrong expression is refused in libpcap's words") {
    const std::string wrong = "tcp prot 80";
    CHECK_THROWS_WITH_AS(Filter{wrong},
                         "filter \"tcp prot 80\": can't parse filter expression: syntax error",
                         std::invalid_argument);
}

TEST_CASE("filter: an expression for one link type leaves out frames of others, and says so once") {
    Filter filter("wlan type mgt");
    CHECK_FALSE(filter.accepts(frame_of(ethernet(tcp_packet(80)), 1)));
    CHECK_FALSE(filter.accepts(frame_of(ethernet(tcp_packet(80)), 1)));
    CHECK(filter.take_remarks().size() == 1);
    CHECK(filter.accepts(frame_of(std::string("\x80\x00", 2) + std::string(40, '\0'), 105)));
}

TEST_CASE("filter: more than 64 link types are not compiled for") {
    Filter filter("len > 0");
    for (std::uint16_t type = 0; type < 500; ++type) filter.accepts(frame_of("abc", type));
    const auto remarks = filter.take_remarks();
    REQUIRE_FALSE(remarks.empty());
    CHECK(remarks.back().find("64 link types") != std::string::npos);
    CHECK_FALSE(filter.accepts(frame_of("abc", 499)));
}
