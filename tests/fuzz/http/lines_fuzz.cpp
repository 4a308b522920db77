// Lines of a bare stream are read the same however they are cut. The first byte says where a hole
// is.
#include <cstdlib>
#include <iostream>

#include "http/reading.h"

using namespace umbratap;
using namespace umbratap::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    http::Limits limits;
    limits.line_bytes_max = 40;
    const std::string lines(as_text(Bytes(data + 1, size - 1)));
    const std::size_t hole = std::min<std::size_t>(data[0], lines.size());
    const std::string difference =
        conversation_differs_when_cut({client("{\"first\":1}\n"), server(lines.substr(0, hole)),
                                       server_hole(3), server(lines.substr(hole))},
                                      limits, 2);
    if (difference.empty()) return 0;
    std::cerr << difference << "\n";
    std::abort();
}
