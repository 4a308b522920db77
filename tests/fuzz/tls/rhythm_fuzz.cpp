// Whatever both sides send: turns are bounded, and the same however the bytes are cut.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tls/rhythm.h"

using namespace umbratap;

namespace {

void demand(bool holds) {
    if (!holds) std::abort();
}

/// Pieces of one direction, each with a byte before it: which direction, and its length.
std::string told(Bytes input, std::size_t piece) {
    tls::Rhythm rhythm;
    while (input.size() > 1) {
        flow::StreamChunk chunk;
        chunk.direction =
            (input[0] & 0x80) != 0 ? flow::Direction::to_client : flow::Direction::to_server;
        const std::size_t size = std::min<std::size_t>(input.size() - 1, input[0] & 0x7f);
        const Bytes data = input.subspan(1, size);
        input = input.subspan(1 + size);
        for (std::size_t at = 0; at < data.size(); at += piece) {
            chunk.data = data.subspan(at, std::min(piece, data.size() - at));
            rhythm.push(chunk);
        }
    }
    demand(rhythm.turns().size() <= tls::Rhythm::turns_max);
    std::string out = rhythm.over() ? "over " : "";
    std::uint64_t sum = 0;
    for (const tls::Turn& turn : rhythm.turns()) {
        demand(turn.received > 0);
        sum += turn.sent + turn.received;
        out += std::to_string(turn.sent) + '/' + std::to_string(turn.received) + ' ';
    }
    demand(sum <= tls::Rhythm::bytes_max);
    return out + (rhythm.http2() ? "2" : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input(data, size);
    const std::string whole = told(input, input.size() + 1);
    demand(told(input, 1) == whole);
    demand(told(input, 3) == whole);
    return 0;
}
