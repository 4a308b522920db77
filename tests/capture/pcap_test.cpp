#include "capture/pcap.h"

#include <doctest/doctest.h>

#include "captures.h"
#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::test;
using capture::PcapDecoder;

namespace {

const capture::Origin origin{"test.pcap", true};

std::string decode(const std::string& header, const std::string& records) {
    const auto read = [&](const std::vector<Bytes>& pieces) {
        PcapDecoder decoder(as_bytes(header), origin);
        return decode_pieces(decoder, pieces);
    };
    CHECK(differs_when_cut(as_bytes(records), read) == "");
    return read({as_bytes(records)});
}

}  // namespace

TEST_CASE("pcap: both byte orders, micro- and nanoseconds") {
    for (const bool big : {false, true}) {
        CAPTURE(big);
        CHECK(PcapDecoder::recognises(as_bytes(pcap_header(0xa1b2c3d4, big))));
        CHECK(decode(pcap_header(0xa1b2c3d4, big),
                     pcap_record(10, 7, "one", big) + pcap_record(11, 0, "", big)) ==
              "1@10000007000 link 1 of 13: one\n2@11000000000 link 1 of 10: \nended");
        CHECK(decode(pcap_header(0xa1b23c4d, big), pcap_record(10, 7, "one", big)) ==
              "1@10000000007 link 1 of 13: one\nended");
    }
}

TEST_CASE("pcap: what else begins so is not recognised") {
    CHECK_FALSE(PcapDecoder::recognises(as_bytes(section())));
    CHECK_FALSE(PcapDecoder::recognises(as_bytes("\xa1\xb2\xc3")));
    CHECK_FALSE(PcapDecoder::recognises({}));
}

TEST_CASE("pcap: the upper half of the link type speaks of check sequences and is masked") {
    CHECK(decode(pcap_header(0xa1b2c3d4, false, 0x14000071), pcap_record(0, 0, "x")) ==
          "1@0 link 113 of 11: x\nended");
}

TEST_CASE("pcap: the patched variant has 8 more bytes in front of each packet") {
    Octets record;
    record.u32(5).u32(0).u32(3).u32(3).u32(1).u16(0x800).u16(0).text("abc");
    CHECK(decode(pcap_header(0xa1b2cd34), record.content() + record.content()) ==
          "1@5000000000 link 1 of 3: abc\n2@5000000000 link 1 of 3: abc\nended");
}

TEST_CASE("pcap: before version 2.3 the original length came first, in 2.3 whichever is larger") {
    Octets swapped;
    swapped.u32(5).u32(0).u32(9).u32(3).text("abc");
    const auto of_version = [&](unsigned minor) {
        return decode(pcap_header(0xa1b2c3d4, false, 1, 65535, 2, minor), swapped.content());
    };
    CHECK(of_version(2) == "1@5000000000 link 1 of 9: abc\nended");
    CHECK(of_version(3) == "1@5000000000 link 1 of 9: abc\nended");
    CHECK(of_version(4) == "cut short");
}

TEST_CASE("pcap: a capture cut within a packet gives all before the cut") {
    const std::string records = pcap_record(1, 0, "one") + pcap_record(2, 0, "two");
    CHECK(decode(pcap_header(), records.substr(0, records.size() - 1)) ==
          "1@1000000000 link 1 of 13: one\ncut short");
    CHECK(decode(pcap_header(), records.substr(0, 24)) ==
          "1@1000000000 link 1 of 13: one\ncut short");
}

TEST_CASE("pcap: a packet longer than 256 KiB is broken unless the snap length announces it") {
    Octets large;
    large.u32(1).u32(0).u32(262145).u32(262145).text(std::string(262145, 'x'));
    PcapDecoder small(as_bytes(pcap_header()), origin);
    CHECK(decode_pieces(small, {as_bytes(large.content())}) ==
          "broken: a packet of 262145 bytes, expected at most 262144");
    PcapDecoder wide(as_bytes(pcap_header(0xa1b2c3d4, false, 1, 300'000)), origin);
    CHECK(decode_pieces(wide, {as_bytes(large.content())}).size() > 262145);
}

TEST_CASE("pcap: no snap length makes a packet of more than 16 MiB sound") {
    Octets huge;
    huge.u32(1).u32(0).u32(0xffffffff).u32(0xffffffff);
    PcapDecoder decoder(as_bytes(pcap_header(0xa1b2c3d4, false, 1, 0xffffffff)), origin);
    CHECK(decode_pieces(decoder, {as_bytes(huge.content())}) ==
          "broken: a packet of 4294967295 bytes, expected at most 16777216");
}

TEST_CASE("pcap: a batch holds as many frames as were asked for, and says what it needs next") {
    const std::string records = pcap_record(1, 0, "one") + pcap_record(2, 0, "two");
    PcapDecoder decoder(as_bytes(pcap_header()), origin);
    Batch<capture::Frame> frames;
    capture::Progress progress = decoder.decode(as_bytes(records), 1, frames);
    CHECK(frames.size() == 1);
    CHECK(progress.consumed == 19);
    CHECK(progress.wanted == 0);
    progress = decoder.decode(as_bytes(records).subspan(19, 16), 1, frames);
    CHECK(progress.consumed == 0);
    CHECK(progress.wanted == 19);
}
