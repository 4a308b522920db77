#include "http/http2_frames.h"

#include <doctest/doctest.h>

#include "http/http2_builder.h"
#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::test;
using http::FrameReader;

namespace {

/// "(type stream content)" for each frame, and what was wrong.
std::string walked(const std::vector<Bytes>& pieces) {
    FrameReader reader;
    std::string out;
    Problem first;
    for (Bytes piece : pieces) {
        while (true) {
            Problem problem;
            const auto found = reader.next(piece, problem);
            first = first.or_else(problem);
            if (found == FrameReader::Found::nothing) break;
            if (found == FrameReader::Found::header) {
                out += "(" + std::to_string(static_cast<int>(reader.frame().type)) + " " +
                       std::to_string(reader.frame().stream) + " ";
                if (reader.promised_stream() > 0)
                    out += "->" + std::to_string(reader.promised_stream()) + " ";
            }
            if (found == FrameReader::Found::content) out += as_text(reader.content());
            if (found == FrameReader::Found::end) out += ")";
        }
    }
    return out + std::string(first.name());
}

std::string walk(const std::string& bytes) {
    CHECK(differs_when_cut(as_bytes(bytes), walked) == "");
    return walked({as_bytes(bytes)});
}

}  // namespace

TEST_CASE("http2 frames: frames follow each other by their lengths, known or not") {
    CHECK(walk(data(1, "abc") + settings() + frame(77, 255, 5, "odd") + data(3, "")) ==
          "(0 1 abc)(4 0 )(77 5 odd)(0 3 )");
}

TEST_CASE("http2 frames: padding, priority and the promised stream are no content") {
    CHECK(walk(frame(0, padded, 1, std::string("\3") + "abc" + "...")) == "(0 1 abc)");
    CHECK(walk(frame(1, padded | with_priority, 1, std::string("\2") + "12345" + "abc" + "..")) ==
          "(1 1 abc)");
    CHECK(walk(frame(5, padded, 1, std::string("\1") + number(4, 4) + "abc" + ".")) ==
          "(5 1 ->4 abc)");
}

TEST_CASE("http2 frames: padding longer than the frame is named, and is content") {
    CHECK(walk(frame(0, padded, 1, std::string("\7") + "abc") + settings()) ==
          "(0 1 abc)(4 0 )http2.bad_padding");
}

TEST_CASE("http2 frames: a wrong size is named, and the frame is passed over") {
    CHECK(walk(frame(6, 0, 0, "123") + settings()) == "(6 0 123)(4 0 )http2.bad_frame_size");
    CHECK(walk(frame(0, padded, 1) + settings()) == "(0 1 )(4 0 )http2.bad_frame_size");
    CHECK(walk(frame(5, 0, 1, "12") + settings()) == "(5 1 )(4 0 )http2.bad_frame_size");
}

TEST_CASE("http2 frames: the reserved bit is no part of the stream") {
    const std::string bytes = frame(0, 0, 0x80000001U);
    const http::FrameHeader header = http::read_frame_header(as_bytes(bytes).data());
    CHECK(header.reserved);
    CHECK(header.stream == 1);
}

TEST_CASE("http2 frames: a hole within a frame leaves the next where it is") {
    const std::string bytes = frame(0, padded, 1, std::string("\2") + "abcdef" + "..");
    FrameReader reader;
    Bytes start = as_bytes(bytes).first(12);
    Problem problem;
    CHECK(reader.next(start, problem) == FrameReader::Found::header);
    CHECK(reader.next(start, problem) == FrameReader::Found::content);
    CHECK(reader.content_left() == 4);
    CHECK(!reader.lose(7));
    CHECK(reader.lose(5));
    CHECK(reader.content_left() == 0);
    Bytes rest = as_bytes(bytes).last(1);
    CHECK(reader.next(rest, problem) == FrameReader::Found::end);
    CHECK(!reader.lose(1));
}
