// Pieces of both sides: a byte that says whose and how many, then as many bytes. Whole and cut must
// give the same, and nothing may stay in memory once it is clear that there is nothing to follow.
#include <algorithm>
#include <cstdlib>

#include "proxy/socks.h"

namespace {

using namespace umbratap;
using flow::Direction;

std::string read(Bytes in, std::size_t piece_bytes) {
    Budget budget(1 << 16);
    proxy::Socks socks(budget);
    Batch<flow::StreamChunk> out;
    std::string inside[2];
    std::uint64_t offsets[2] = {};
    while (!in.empty()) {
        const auto direction = in[0] & 0x80 ? Direction::to_client : Direction::to_server;
        Bytes piece = in.subspan(1, std::min<std::size_t>(in[0] & 0x7f, in.size() - 1));
        in = in.subspan(1 + piece.size());
        while (!piece.empty()) {
            flow::StreamChunk chunk;
            chunk.direction = direction;
            chunk.data = piece.first(std::min(piece_bytes, piece.size()));
            chunk.offset = offsets[index(direction)];
            offsets[index(direction)] += chunk.data.size();
            piece = piece.subspan(chunk.data.size());
            out.clear();
            socks.push(chunk, out);
            for (const flow::StreamChunk& one : out) {
                if (one.offset != inside[index(direction)].size()) std::abort();
                inside[index(direction)] += as_text(one.data);
            }
        }
    }
    if (socks.state() != proxy::Socks::State::following && budget.used() != 0) std::abort();
    return std::to_string(static_cast<int>(socks.state())) + socks.authority() + '|' + inside[0] +
           '|' + inside[1];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes in(data, size);
    const std::string whole = read(in, size + 1);
    if (read(in, 1) != whole || read(in, 3) != whole) std::abort();
    return 0;
}
