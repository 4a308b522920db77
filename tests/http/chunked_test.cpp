#include "http/chunked.h"

#include <doctest/doctest.h>

#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::http;

namespace {

/// The data, `.` at the end, `!` where it broke, what was left, and the first problem.
std::string dechunked(const std::vector<Bytes>& pieces) {
    ChunkedDecoder decoder;
    Problem problem;
    std::string out, rest;
    for (Bytes in : pieces) {
        while (!in.empty() && !decoder.ended() && !decoder.broken())
            out += as_text(decoder.next(in, problem));
        if (!decoder.broken()) rest += as_text(in);
    }
    out += decoder.ended() ? "." : decoder.broken() ? "!" : "";
    return out + rest + std::string(problem.name());
}

std::string dechunked(std::string_view bytes) {
    CHECK(test::differs_when_cut(as_bytes(bytes),
                                 [](const auto& pieces) { return dechunked(pieces); }) == "");
    return dechunked({as_bytes(bytes)});
}

}  // namespace

TEST_CASE("chunked: data of all chunks, to the blank line behind the last") {
    CHECK(dechunked("3\r\nabc\r\n1;a=\"b\"\r\nd\r\n0\r\n\r\nnext") == "abcd.next");
    CHECK(dechunked("00A \r\n0123456789\r\n000\r\nTrailer: 1\r\nX: 2\r\n\r\n") == "0123456789.");
    CHECK(dechunked("3\r\nab") == "ab");
}

TEST_CASE("chunked: lines that end with LF alone are named and read") {
    CHECK(dechunked("1\na\n0\n\n") == "a.http1.bare_line_feed");
}

TEST_CASE("chunked: what is no size breaks it") {
    CHECK(dechunked("x\r\n") == "!http1.bad_chunk");
    CHECK(dechunked("-1\r\n") == "!http1.bad_chunk");
    CHECK(dechunked("0x5\r\nabcde\r\n") == "!http1.bad_chunk");
    CHECK(dechunked("5 5\r\nabcde\r\n") == "!http1.bad_chunk");
    CHECK(dechunked("\r\n") == "!http1.bad_chunk");
    CHECK(dechunked("1\r\nabc\r\n") == "a!http1.bad_chunk");
    CHECK(dechunked("1\rX\na\r\n") == "!http1.bad_chunk");
}

TEST_CASE("chunked: a size beyond all measure is not wrapped around") {
    CHECK(dechunked("fffffffffffffffff\r\n") == "!http1.chunk_size_overflow");
    CHECK(dechunked("10000000000000001\r\na\r\n0\r\n\r\n") == "!http1.chunk_size_overflow");
    CHECK(dechunked("00000000000000000000000000001\r\na\r\n0\r\n\r\n") == "a.");
}

TEST_CASE("chunked: a hole within a chunk is passed over, any other is not") {
    ChunkedDecoder decoder;
    Problem problem;
    Bytes in = as_bytes("a\r\nabc");
    decoder.next(in, problem);
    CHECK(decoder.lose(5));
    in = as_bytes("ij\r\n0\r\n\r\n");
    CHECK(as_text(decoder.next(in, problem)) == "ij");
    CHECK(decoder.next(in, problem).empty());
    CHECK(decoder.ended());
    ChunkedDecoder other;
    CHECK(!other.lose(1));
    in = as_bytes("3\r\na");
    other.next(in, problem);
    CHECK(!other.lose(3));
    CHECK(other.lose(2));
}
