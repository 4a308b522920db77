// The first byte chooses what was agreed on, the second the size of the pieces, the third and
// fourth where a hole is and how long; whole and cut must give the same.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "http/websocket.h"

namespace {

using namespace umbratap;
using namespace umbratap::http;

std::string read(Bytes choice, Bytes in, std::size_t piece_bytes) {
    Budget budget(1 << 24);
    const WebSocketExtensions agreed{(choice[0] & 1) != 0, (choice[0] & 2) != 0};
    const std::uint32_t text_bytes_max = choice[0] & 4 ? 1 << 20 : 10;
    WebSocketReader reader(agreed, text_bytes_max, 1 << 16, budget);
    Batch<Item> out;
    Problem problem;
    std::string seen;
    bool open = false;
    const auto tell = [&] {
        for (const Item& item : out) {
            const Text& text = std::get<Text>(item);
            if (text.first == open) std::abort();
            if (text.first && text.data.size() > text_bytes_max) std::abort();
            seen += as_text(text.data);
            if (text.last) seen += text.damaged ? "~" : "$";
            open = !text.last;
        }
        out.clear();
    };
    Text where;
    where.direction = choice[0] & 8 ? Direction::to_client : Direction::to_server;
    for (std::size_t at = 0; at < in.size();) {
        std::size_t n = std::min(piece_bytes, in.size() - at);
        if (at < choice[2]) n = std::min(n, choice[2] - at);
        problem = problem.or_else(reader.push(in.subspan(at, n), where, out));
        tell();
        at += n;
        if (at == choice[2]) reader.lose(choice[3], out);
        tell();
    }
    return seen + std::string(problem.name()) + (reader.deaf() ? "deaf" : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) return 0;
    const Bytes choice(data, 4), in(data + 4, size - 4);
    if (read(choice, in, 1 + choice[1] % 16) != read(choice, in, in.size() + 1)) std::abort();
    return 0;
}
