#include "capture/input.h"

#include <doctest/doctest.h>

#include "captures.h"
#include "support/temporary_directory.h"

using namespace umbratap;
using namespace umbratap::test;
using capture::Input;
using capture::InputError;

namespace {

const capture::Origin origin{"NAME", true};

struct Reading {
    std::string frames;
    std::vector<capture::Notice> notices;
};

Reading read_all(const std::string& content, std::size_t frames_max = 2) {
    const TemporaryDirectory directory;
    Input input(capture::open_descriptor(directory.write("capture", content)), origin);
    Reading reading;
    Batch<capture::Frame> frames;
    while (input.read(frames_max, frames) != Input::State::ended) {
        for (const capture::Frame& frame : frames) reading.frames += describe(frame);
        frames.clear();
    }
    reading.notices = input.take_notices();
    return reading;
}

std::string refusal(const std::string& content) {
    try {
        read_all(content);
    } catch (const InputError& error) {
        return error.what();
    }
    return "not refused";
}

}  // namespace

TEST_CASE("input: a sound capture has no notices") {
    const Reading pcap = read_all(pcap_header() + pcap_record(1, 0, "a") + pcap_record(2, 0, "b") +
                                  pcap_record(3, 0, "c"));
    CHECK(pcap.frames ==
          "1@1000000000 link 1 of 11: a\n2@2000000000 link 1 of 11: b\n3@3000000000 link 1 of 11: "
          "c\n");
    CHECK(pcap.notices.empty());
    const Reading pcapng = read_all(section() + interface_block(1) + packet_block(0, 0, "x"));
    CHECK(pcapng.frames == "1@0 link 1 of 1: x\n");
    CHECK(pcapng.notices.empty());
}

TEST_CASE("input: a capture without packets is sound") {
    CHECK(read_all(pcap_header()).notices.empty());
    CHECK(read_all(section()).notices.empty());
}

TEST_CASE("input: a capture cut within a packet gives all before it and one notice") {
    for (const std::size_t cut : {1, 5, 15, 17}) {
        const std::string records = pcap_record(1, 0, "whole") + pcap_record(2, 0, "cut");
        const Reading reading = read_all(pcap_header() + records.substr(0, records.size() - cut));
        CHECK(reading.frames == "1@1000000000 link 1 of 15: whole\n");
        REQUIRE(reading.notices.size() == 1);
        CHECK(reading.notices[0].cut_short);
        CHECK(reading.notices[0].text ==
              "NAME: byte 45: the capture ends within a packet; all before it was read");
    }
}

TEST_CASE("input: where a capture breaks, its place is named and it ends there") {
    const Reading reading = read_all(section() + interface_block(1) + packet_block(0, 0, "x") +
                                     std::string(200, '\0') + packet_block(0, 0, "lost"));
    CHECK(reading.frames == "1@0 link 1 of 1: x\n");
    REQUIRE(reading.notices.size() == 1);
    CHECK_FALSE(reading.notices[0].cut_short);
    CHECK(
        reading.notices[0].text ==
        "NAME: byte 84: a block of 0 bytes, expected a multiple of 4 from 12 to 16842752; nothing "
        "behind it is read");
}

TEST_CASE("input: many blocks without packets are passed over, and secrets in them kept") {
    std::string file = section() + interface_block(1);
    for (int i = 0; i < 10'000; ++i) file += block(5, "statistics");
    file += secrets_block("CLIENT_RANDOM") + packet_block(0, 0, "x");
    const TemporaryDirectory directory;
    Input input(capture::open_descriptor(directory.write("capture", file)), origin);
    Batch<capture::Frame> frames;
    CHECK(input.read(4, frames) == Input::State::open);
    CHECK(frames.size() == 1);
    CHECK(input.take_secrets() == std::vector<std::string>{"CLIENT_RANDOM"});
}

TEST_CASE("input: what is no capture is refused with what was found and what was expected") {
    CHECK(refusal("") ==
          "NAME: is empty; expected pcap or pcapng, as they are or compressed with gzip or zstd");
    CHECK(
        refusal("%PDF-1.4 and more") ==
        "NAME: is not a capture: it begins with 25504446; expected pcap or pcapng, as they are or "
        "compressed with gzip or zstd; editcap -F pcapng converts others");
    CHECK(refusal("x") ==
          "NAME: is not a capture: it begins with 78; expected pcap or pcapng, as they are or "
          "compressed with gzip or zstd; editcap -F pcapng converts others");
    CHECK(refusal(std::string("\x1f\x8b\x08\x00", 4)) ==
          "NAME: the compressed data is cut short; expected pcap or pcapng, as they are or "
          "compressed with gzip or zstd");
}

TEST_CASE("input: a capture cut within its header is refused") {
    CHECK(refusal(pcap_header().substr(0, 20)) ==
          "NAME: ends within the header of a pcap file; write it anew");
    CHECK(refusal(section().substr(0, 20)) ==
          "NAME: ends within its first section header; write it anew");
}

TEST_CASE("input: a pcapng file whose first block makes no sense is refused") {
    std::string wrong = section();
    wrong[4] = 13;
    CHECK(refusal(wrong) ==
          "NAME: is no usable pcapng file: it begins with a block of 13 bytes, expected a multiple "
          "of "
          "4 from 28 to 16842752");
}

TEST_CASE("input: a file that is not there is refused by name") {
    CHECK_THROWS_WITH_AS(
        capture::open_descriptor("/nonexistent/x.pcap"),
        "/nonexistent/x.pcap: cannot be opened: No such file or directory; check the path",
        InputError);
}
