#include "http/content_coding.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <string>

#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::http;

namespace {

std::string gzipped(const std::string& text) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string out(deflateBound(&stream, text.size()) + 100, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string decoded(const std::vector<Bytes>& pieces, std::string_view list, const Limits& limits) {
    ContentCoding coding(limits);
    Problem problem = coding.begin(list);
    std::vector<std::uint8_t> out;
    for (Bytes in : pieces) {
        std::size_t before = 0;
        do {
            before = out.size();
            if (coding.readable()) problem = problem.or_else(coding.push(in, out));
            CHECK(out.size() - before <= ContentCoding::slice_bytes);
        } while (out.size() > before);
    }
    problem = problem.or_else(coding.end());
    return std::string(as_text(out)) + "|" + std::string(problem.name());
}

std::string decoded(const std::string& bytes, std::string_view list, const Limits& limits = {}) {
    const test::Reader read = [&](const std::vector<Bytes>& pieces) {
        return decoded(pieces, list, limits);
    };
    CHECK(test::differs_when_cut(as_bytes(bytes), read) == "");
    return read({as_bytes(bytes)});
}

}  // namespace

TEST_CASE("content coding: one coding, and one around another") {
    CHECK(decoded(gzipped("text"), "gzip") == "text|");
    CHECK(decoded(gzipped("text"), " X-GZIP , identity, none") == "text|");
    CHECK(decoded(gzipped(gzipped("text")), "gzip, gzip") == "text|");
    CHECK(decoded(gzipped(std::string(200'000, 'x')), "gzip") == std::string(200'000, 'x') + "|");
}

TEST_CASE("content coding: none is none") {
    const Limits limits;
    ContentCoding coding(limits);
    CHECK(!coding.begin(""));
    CHECK(coding.identity());
    CHECK(!coding.begin("identity,"));
    CHECK(coding.identity());
    CHECK(!coding.begin("br"));
    CHECK(!coding.identity());
}

TEST_CASE("content coding: unknown ones and too many cannot be read") {
    const Limits limits;
    ContentCoding coding(limits);
    CHECK(coding.begin("compress").name() == "http.unknown_content_coding");
    CHECK(!coding.readable());
    CHECK(!coding.identity());
    CHECK(coding.begin("gzip, gzip, gzip").name() == "http.too_many_content_codings");
    CHECK(!coding.readable());
}

TEST_CASE("content coding: what is cut off is broken, and its beginning is good") {
    const std::string text = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::string cut = gzipped(text);
    cut.resize(cut.size() - 8);  // the checksum and the length
    CHECK(decoded(cut, "gzip") == text + "|http.broken_content_coding");
    CHECK(decoded("", "gzip") == "|");
}

TEST_CASE("content coding: output is bounded for each layer") {
    Limits limits;
    limits.inflated_bytes_max = 100;
    CHECK(decoded(gzipped(std::string(100, 'x')), "gzip", limits) == std::string(100, 'x') + "|");
    CHECK(decoded(gzipped(std::string(101, 'x')), "gzip", limits) ==
          std::string(100, 'x') + "|http.inflate_bomb");
    limits.inflated_bytes_max = 1000;
    const std::string inner = gzipped(std::string(100'000, 'x'));  // about 130 bytes
    CHECK(decoded(gzipped(inner), "gzip, gzip", limits).ends_with("|http.inflate_bomb"));
}

TEST_CASE("content coding: beyond 1 MiB, output is bounded by the ratio") {
    Limits limits;
    limits.inflate_ratio_max = 100;
    const std::string out = decoded({as_bytes(gzipped(std::string(3 << 20, 'x')))}, "gzip", limits);
    CHECK(out.ends_with("|http.inflate_bomb"));
    CHECK(out.size() < (1 << 20) + 2 * ContentCoding::slice_bytes);
    limits.inflate_ratio_max = 2000;
    CHECK(decoded({as_bytes(gzipped(std::string(3 << 20, 'x')))}, "gzip", limits).size() ==
          (3 << 20) + 1);
}
