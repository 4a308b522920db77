// A coded body is decoded, sniffed and collected the same however it is cut. The first byte chooses
// the coding, the second whether chunks are around it.
#include <array>
#include <cstdlib>
#include <iostream>

#include "http/reading.h"

using namespace umbratap;
using namespace umbratap::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::array<const char*, 8> codings = {
        "gzip", "deflate", "br", "zstd", "", "gzip, br", "br, zstd", "br, br, br"};
    if (size < 2) return 0;
    http::Limits limits;
    limits.text_bytes_max = 1000;
    limits.inflated_bytes_max = 100'000;
    std::string response =
        std::string("HTTP/1.1 200 OK\r\nContent-Encoding: ") + codings[data[0] % 8] + "\r\n";
    response += data[1] % 2 == 1 ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
    response += as_text(Bytes(data + 2, size - 2));
    const std::string difference = conversation_differs_when_cut({server(response)}, limits, 2);
    if (difference.empty()) return 0;
    std::cerr << difference << "\n";
    std::abort();
}
