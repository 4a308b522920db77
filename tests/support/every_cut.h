// The law of the cut: the same input gives the same output, however it is cut.
//
// `read` takes the input in pieces and returns what came out as text; it is called with the whole, byte by byte, with
// empty pieces in between, and at seeded random cuts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace umbratap::test {

using Reader = std::function<std::string(const std::vector<Bytes>& pieces)>;

inline std::vector<Bytes> random_cuts(Bytes input, std::mt19937& random, std::size_t mean) {
    std::vector<Bytes> pieces;
    std::uniform_int_distribution<std::size_t> length(0, 2 * mean);
    while (!input.empty()) {
        const std::size_t n = std::min(length(random), input.size());
        pieces.push_back(input.first(n));
        input = input.subspan(n);
    }
    return pieces;
}

/// Empty if all readings agree, else a line that says which one does not.
inline std::string differs_when_cut(Bytes input, const Reader& read, unsigned seed = 1, int rounds = 20) {
    const std::string whole = read({input});
    std::vector<Bytes> bytes, gappy;
    for (std::size_t i = 0; i < input.size(); ++i) {
        bytes.push_back(input.subspan(i, 1));
        gappy.push_back(input.subspan(i, 1));
        gappy.push_back(input.subspan(i, 0));
    }
    if (const std::string got = read(bytes); got != whole) return "byte by byte: " + got + "\nwhole: " + whole;
    if (const std::string got = read(gappy); got != whole) return "with empty pieces: " + got + "\nwhole: " + whole;
    std::mt19937 random(seed);
    for (int round = 0; round < rounds; ++round) {
        const std::size_t mean = std::size_t{1} << (round % 10);
        if (const std::string got = read(random_cuts(input, random, mean)); got != whole) {
            return "random cuts, seed " + std::to_string(seed) + " round " + std::to_string(round) + ": " + got + "\nwhole: " + whole;
        }
    }
    return {};
}

}  // namespace umbratap::test
