#include "http/http2_finder.h"

#include <doctest/doctest.h>

#include <random>

#include "http/http2_builder.h"
#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::test;
using http::FrameFinder;

namespace {

/// At which byte frames were found; -1: nowhere.
long found_at(const std::string& bytes,
              FrameFinder::Expects expects = FrameFinder::Expects::anything,
              std::uint64_t within = UINT64_MAX) {
    const auto read = [&](const std::vector<Bytes>& pieces) {
        Budget budget(1 << 20);
        http::Shelf shelf(budget);
        FrameFinder finder(budget, within);
        long skipped = 0;
        for (std::size_t i = 0; i <= pieces.size(); ++i) {
            const bool end = i == pieces.size();
            const auto found = finder.next(end ? Bytes() : pieces[i], expects, end, shelf);
            skipped += static_cast<long>(found.skipped.size());
            if (!found.frames.empty()) return std::to_string(skipped);
        }
        CHECK(skipped == static_cast<long>(bytes.size()));
        return std::string("-1");
    };
    CHECK(differs_when_cut(as_bytes(bytes), read, 1, 10) == "");
    return std::stol(read({as_bytes(bytes)}));
}

}  // namespace

TEST_CASE("http2 finder: frames that follow each other are found behind anything") {
    FieldEncoder encoder;
    const std::string frames = data(5, "{\"x\":1}") + window_update(0) + ping();
    CHECK(found_at(frames) == 0);
    CHECK(found_at("the rest of a frame" + frames) == 19);
    CHECK(found_at(std::string(300, '\0') + frames) == 300);
    CHECK(found_at("..." + encoder.request(1, "/mcp") + data(1, "")) == -1);
    CHECK(found_at("..." + encoder.request(1, "/mcp") + data(1, "", end_stream)) == 3);
}

TEST_CASE("http2 finder: two frames are not enough, unless HTTP/2 is expected") {
    CHECK(found_at(data(1, "a") + data(1, "b") + "xxxxxxxxxxxxx") == -1);
    CHECK(found_at(data(1, "a") + data(1, "b") + "xxxxxxxxxxxxx", FrameFinder::Expects::http_2) ==
          0);
    CHECK(found_at(data(1, "a") + data(1, "b")) == -1);
    CHECK(found_at(data(1, "a") + data(1, "b") + ping()) == -1);
    CHECK(found_at(data(1, "a") + data(1, "b") + ping() + ping() + ping() + ping()) == 0);
    CHECK(found_at(data(1, "{}") + data(1, "b") + "xxx") == 0);
    CHECK(found_at(data(1, "a") + data(3, "b") + data(5, "c") + data(7, "d")) == -1);
}

TEST_CASE("http2 finder: a field block that begins a message counts twice") {
    FieldEncoder encoder;
    const std::string request = encoder.request(7, "/mcp", end_stream);
    CHECK(found_at(request + std::string(20, 'x'), FrameFinder::Expects::http_2) == 0);
    CHECK(found_at(request) == 0);
    CHECK(found_at(frame(1, end_headers, 7, "\xff\xff\xff") + ping() + ping() + "xxx",
                   FrameFinder::Expects::http_2) == 12);
}

TEST_CASE("http2 finder: what begins too late is not looked at") {
    const std::string frames = data(1, "{}") + ping();
    CHECK(found_at(std::string(20, 'x') + frames, FrameFinder::Expects::anything, 20) == 20);
    CHECK(found_at(std::string(21, 'x') + frames, FrameFinder::Expects::anything, 20) == -1);
}

TEST_CASE("http2 finder: nothing else is taken for frames") {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        std::string noise(2000, '\0');
        const unsigned mask = round % 3 == 0 ? 0xff : round % 3 == 1 ? 0x0f : 0x03;
        const unsigned sparse = round % 5;
        for (char& c : noise)
            c = static_cast<char>(random() % (sparse + 1) == 0 ? random() & mask : 0);
        Budget budget(1 << 20);
        http::Shelf shelf(budget);
        FrameFinder finder(budget);
        CHECK(finder.next(as_bytes(noise), FrameFinder::Expects::anything, true, shelf)
                  .frames.empty());
    }
    CHECK(found_at(std::string(3000, '\0')) == -1);
    CHECK(found_at("GET /mcp HTTP/1.1\r\nHost: h\r\n\r\n") == -1);
}

TEST_CASE("http2 finder: overlapping field blocks cost bounded work") {
    std::string trap;
    for (int i = 0; i < 200000; ++i) trap += number(16000, 3) + "\x01\x04" + number(1, 4);
    Budget budget(1 << 20);
    http::Shelf shelf(budget);
    FrameFinder finder(budget);
    CHECK(finder.next(as_bytes(trap), FrameFinder::Expects::anything, true, shelf).frames.empty());
}
