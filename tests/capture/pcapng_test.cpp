#include "capture/pcapng.h"

#include <doctest/doctest.h>

#include "captures.h"
#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::test;
using capture::PcapngDecoder;

namespace {

const capture::Origin origin{"test.pcapng", true};

std::string decode(const std::string& file) {
    const auto read = [&](const std::vector<Bytes>& pieces) {
        PcapngDecoder decoder(origin);
        std::string said = decode_pieces(decoder, pieces);
        for (const std::string& remark : decoder.take_remarks()) said += "\nremark: " + remark;
        for (const std::string& secrets : decoder.take_secrets()) said += "\nsecrets: " + secrets;
        return said;
    };
    CHECK(differs_when_cut(as_bytes(file), read, 1, 8) == "");
    return read({as_bytes(file)});
}

std::string option(unsigned code, std::string_view value, bool big_endian = false) {
    Octets out(big_endian);
    out.u16(code).u16(static_cast<unsigned>(value.size())).text(value).pad_to_4();
    return out.content();
}

/// The time that a packet has which was captured at `units`.
std::string time_of(std::string_view options, std::uint64_t units) {
    const std::string said =
        decode(section() + interface_block(1, 0, options) + packet_block(0, units, ""));
    return said.substr(2, said.find(' ') - 2);
}

}  // namespace

TEST_CASE("pcapng: packets of several interfaces, each with its own link type") {
    CHECK(decode(section() + interface_block(1) + interface_block(113) +
                 packet_block(1, 1'000'000, "cooked") + packet_block(0, 2'000'000, "ether")) ==
          "1@1000000000 link 113 of 6: cooked\n2@2000000000 link 1 of 5: ether\nended");
}

TEST_CASE("pcapng: sections of different byte order; interfaces belong to their section") {
    CHECK(
        decode(section(true) + interface_block(101, 0, {}, true) + packet_block(0, 5, "big", true) +
               section() + packet_block(0, 6, "none") + interface_block(1) +
               packet_block(0, 7, "little")) ==
        "1@5000 link 101 of 3: big\n2@7000 link 1 of 6: little\nended\nremark: byte 112: a packet "
        "of interface 0, of which there are 0; passed over");
}

TEST_CASE("pcapng: the time's unit and offset are the interface's") {
    using namespace std::string_view_literals;
    CHECK(time_of({}, 1'500'000) == "1500000000");
    CHECK(time_of(option(9, "\x09"), 1'500'000'000) == "1500000000");
    CHECK(time_of(option(9, "\x03"), 1'500) == "1500000000");
    CHECK(time_of(option(9, "\x81"), 3) == "1500000000");
    CHECK(time_of(option(9, "\x0c"), 1'500'000'000'007) == "1500000000");
    CHECK(time_of(option(9, "\x00"sv), 2) == "2000000000");
    CHECK(time_of(option(14, Octets().u64(100).content()), 5) == "100000005000");
    CHECK(time_of(option(14, Octets().u64(~std::uint64_t{0}).content()), 2'000'000) ==
          "1000000000");
}

TEST_CASE("pcapng: times beyond reason become the last or the first that we know") {
    const std::uint64_t most = ~std::uint64_t{0};
    CHECK(time_of({}, most / 2) == "4611686018427387904");
    CHECK(time_of(option(9, std::string(1, '\0')), most) == "4611686018427387904");
    CHECK(time_of(option(9, "\x7f"), most) == "1000000000");  // the finest unit there is
    CHECK(time_of(option(14, Octets().u64(most / 2).content()), most) == "4611686018427387904");
    CHECK(time_of(option(14, Octets().u64(most / 2 + 1).content()), 5) == "0");
}

TEST_CASE("pcapng: a simple packet is cut to the snap length and takes the time before it") {
    Octets body;
    body.u32(9).text("abcde");
    CHECK(decode(section() + interface_block(1, 5) + packet_block(0, 7, "x") +
                 block(3, body.content())) ==
          "1@7000 link 1 of 1: x\n2@7000 link 1 of 9: abcde\nended");
}

TEST_CASE("pcapng: the obsolete packet block has 16 bits for its interface") {
    Octets body;
    body.u16(0).u16(77).u32(0).u32(8).u32(3).u32(30).text("old");
    CHECK(decode(section() + interface_block(1) + block(2, body.content())) ==
          "1@8000 link 1 of 30: old\nended");
}

TEST_CASE("pcapng: blocks that are no packets are passed over; custom ones have numbers") {
    CHECK(decode(section() + block(4, "names") + interface_block(1) + block(5, "statistics") +
                 block(0x0bad, "custom") + block(0x12345678, "") + packet_block(0, 0, "x")) ==
          "2@0 link 1 of 1: x\nended");
}

TEST_CASE("pcapng: TLS secrets are handed out, others not") {
    const std::string line = "CLIENT_RANDOM 00 11\n";
    CHECK(decode(section() + secrets_block(line) + secrets_block("wireguard", 0x57474b4c)) ==
          "ended\nsecrets: " + line);
}

TEST_CASE("pcapng: a block of secrets that claims more than it holds is passed over") {
    Octets body;
    body.u32(0x544c534b).u32(100).text("short");
    CHECK(decode(section() + block(10, body.content())) ==
          "ended\nremark: byte 28: a block of secrets longer than the block; passed over");
}

TEST_CASE("pcapng: a flood of secrets is kept to 16 MiB until they are taken") {
    const std::string large = secrets_block(std::string(1 << 20, 'k'));
    PcapngDecoder decoder(origin);
    std::vector<std::string> pieces(40, large);
    pieces.insert(pieces.begin(), section());
    Batch<capture::Frame> none;
    for (const std::string& piece : pieces) decoder.decode(as_bytes(piece), 1, none);
    CHECK(decoder.take_secrets().size() == 15);
    CHECK(decoder.take_remarks().size() == 1);
    decoder.decode(as_bytes(large), 1, none);
    CHECK(decoder.take_secrets().size() == 1);
}

TEST_CASE("pcapng: a flood of interfaces is kept to 65536") {
    std::string file = section();
    for (int i = 0; i < 65540; ++i) file += interface_block(static_cast<unsigned>(i) & 0xffff);
    file += packet_block(65535, 0, "last") + packet_block(65536, 0, "none");
    PcapngDecoder decoder(origin);
    CHECK(decode_pieces(decoder, {as_bytes(file)}) == "1@0 link 65535 of 4: last\nended");
    CHECK(decoder.take_remarks().size() == 1);
}

TEST_CASE("pcapng: a wrong length of a block ends the file, with the length named") {
    const auto with_length = [](std::uint64_t length) {
        return decode(section() + Octets().u32(5).u32(length).text(std::string(64, 'x')).content());
    };
    const std::string rest = " bytes, expected a multiple of 4 from 12 to 16842752";
    CHECK(with_length(0) == "broken: a block of 0" + rest);
    CHECK(with_length(8) == "broken: a block of 8" + rest);
    CHECK(with_length(17) == "broken: a block of 17" + rest);
    CHECK(with_length(0xfffffffc) == "broken: a block of 4294967292" + rest);
    CHECK(with_length(20) == "broken: a block whose two lengths differ: 20 and 2021161080");
}

TEST_CASE("pcapng: what begins as a section and has no byte order ends the file") {
    CHECK(decode(section() + block(0x0a0d0d0a, "not a byte order")) ==
          "broken: a section header without byte order");
    Octets version_2;
    version_2.u32(0x1a2b3c4d).u16(2).u16(0).u64(0);
    CHECK(decode(section() + block(0x0a0d0d0a, version_2.content())) ==
          "broken: a section of another pcapng version than 1");
}

TEST_CASE(
    "pcapng: a packet longer than its block, and a block too short for one, are passed over") {
    Octets body;
    body.u32(0).u32(0).u32(0).u32(9).u32(9).text("short");
    CHECK(decode(section() + interface_block(1) + block(6, body.content()) + block(6, "tiny") +
                 block(3, "") + block(1, "") + packet_block(0, 0, "x")) ==
          "1@0 link 1 of 1: x\nended\nremark: byte 48: a packet of 9 bytes, expected at most 8; "
          "passed over\nremark: byte 88: a packet block of 16 bytes; passed over");
}

TEST_CASE("pcapng: options that do not fit end the options, not the block") {
    Octets loop;
    loop.u16(9).u16(0).u16(9).u16(0xffff);
    CHECK(time_of(loop.content(), 1) == "1000");
    CHECK(time_of(option(0, "") + option(9, "\x09"), 1) == "1000");
    CHECK(time_of(option(2, "eth0") + option(9, "\x09"), 1) == "1");
}
