#include "base/gzip.h"

#include <doctest/doctest.h>
#include <zlib.h>

using namespace umbratap;

TEST_CASE("gzip: what is packed comes out as it was") {
    for (const std::string text : {std::string(), std::string("a"), std::string(100'000, 'x')}) {
        const std::string packed = gzip(text);
        CHECK(packed.starts_with("\x1f\x8b"));
        std::string out(text.size() + 1, '\0');
        z_stream stream{};
        REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
        stream.avail_in = static_cast<uInt>(packed.size());
        stream.next_out = reinterpret_cast<Bytef*>(out.data());
        stream.avail_out = static_cast<uInt>(out.size());
        CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
        out.resize(stream.total_out);
        inflateEnd(&stream);
        CHECK(out == text);
    }
}
