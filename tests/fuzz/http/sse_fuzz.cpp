// The first byte chooses the limit, the second the size of the pieces, the third where a hole is;
// whole and cut must give the same.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "http/sse.h"

namespace {

using namespace umbratap;
using namespace umbratap::http;

std::string read(Bytes in, std::size_t piece_bytes, std::size_t hole_at,
                 std::uint32_t text_bytes_max) {
    Budget budget(1 << 24);
    SseReader reader(text_bytes_max, budget);
    Batch<Item> out;
    Problem problem;
    std::string seen;
    bool open = false;
    const auto tell = [&] {
        for (const Item& item : out) {
            const Text& text = std::get<Text>(item);
            if (text.first == open) std::abort();
            if (text.first && text.data.size() > text_bytes_max) std::abort();
            if (text.first) seen += std::string(text.event_name) + "|";
            seen += as_text(text.data);
            if (text.last) seen += text.damaged ? "~" : "$";
            open = !text.last;
        }
        out.clear();
    };
    for (std::size_t at = 0; at < in.size();) {
        std::size_t n = std::min(piece_bytes, in.size() - at);
        if (at < hole_at) n = std::min(n, hole_at - at);
        problem = problem.or_else(reader.push(in.subspan(at, n), {}, out));
        tell();
        at += n;
        if (at == hole_at) reader.lose(out);
        tell();
    }
    return seen + std::string(problem.name());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const std::uint32_t text_bytes_max = data[0] < 128 ? 1 + data[0] : 1 << 20;
    const Bytes in(data + 3, size - 3);
    const std::string whole = read(in, in.size() + 1, data[2], text_bytes_max);
    if (read(in, 1 + data[1] % 16, data[2], text_bytes_max) != whole) std::abort();
    return 0;
}
