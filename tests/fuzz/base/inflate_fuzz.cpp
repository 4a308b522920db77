// The first byte chooses the coding, the second how the rest is cut; whole and cut must give the
// same.
#include <algorithm>
#include <cstdlib>

#include "base/inflate.h"

namespace {

using namespace umbratap;

struct Reading {
    std::vector<std::uint8_t> out;
    Problem problem;
    bool ended = false;
    bool broken = false;
    bool operator==(const Reading&) const = default;
};

Reading read_in_pieces(Coding coding, Bytes in, std::size_t piece_bytes, std::size_t out_max) {
    Inflater inflater(coding);
    Reading reading;
    while (!in.empty()) {
        Bytes piece = in.first(std::min(piece_bytes, in.size()));
        in = in.subspan(piece.size());
        for (std::size_t before = 0; reading.out.size() < 4U << 20;) {
            before = reading.out.size();
            reading.problem = reading.problem.or_else(inflater.push(piece, out_max, reading.out));
            if (reading.out.size() - before > out_max) std::abort();
            if (reading.out.size() - before < out_max) break;
        }
        if (reading.out.size() >= 4U << 20)
            return {};  // a bomb: where it is stopped depends on out_max
        if (!piece.empty()) std::abort();
    }
    reading.ended = inflater.ended();
    reading.broken = inflater.broken();
    return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const auto coding = static_cast<Coding>(data[0] % 5);
    const Bytes in(data + 2, size - 2);
    const Reading whole = read_in_pieces(coding, in, size, 1 << 20);
    const Reading cut = read_in_pieces(coding, in, 1U + data[1] % 64, 1 + data[1] * 64U);
    if (!(whole == cut)) std::abort();
    return 0;
}
