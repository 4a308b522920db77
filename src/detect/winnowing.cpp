// Parts of a text by which it is known again.
//
// Which grams are kept depends on an unkeyed hash, so that every run finds the same; what is kept
// of them is sealed, all of a message at once.
#include "detect/winnowing.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace umbratap::detect {
namespace {

static_assert(Winnowing::gram == Seal::block_bytes);

constexpr std::size_t distinct_min = 6;  // different characters in a gram: less is a pattern
constexpr std::uint64_t multiplier = 0x9e3779b97f4a7c15U;
constexpr std::size_t characters_max =
    128 * 1024;  // of a string: as many as fingerprints_max allows

/// multiplier^(gram - 1), modulo 2^64.
constexpr std::uint64_t weight_of_oldest() {
    std::uint64_t weight = 1;
    for (std::uint32_t i = 1; i < Winnowing::gram; ++i) weight *= multiplier;
    return weight;
}

/// Byte → the character that counts: small letters, digits and all beyond ASCII; else 0.
constexpr std::array<std::uint8_t, 256> counting_characters() {
    std::array<std::uint8_t, 256> table{};
    for (std::size_t c = 0; c < table.size(); ++c) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte >= 'A' && byte <= 'Z') {
            table[c] = static_cast<std::uint8_t>(byte + 32);
        } else if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte >= 0x80) {
            table[c] = byte;
        }
    }
    return table;
}
constexpr std::array<std::uint8_t, 256> counts_as = counting_characters();

/// High bits of a product depend on all lower ones: what is smallest is spread over all grams.
std::uint64_t spread(std::uint64_t hash) noexcept {
    hash ^= hash >> 32;
    return hash * 0xd6e8feb86659fd93U;
}

bool says_enough(const std::uint8_t* text) noexcept {
    std::array<bool, 256> seen{};
    std::size_t distinct = 0;
    for (std::uint32_t i = 0; i < Winnowing::gram; ++i) {
        distinct += seen[text[i]] ? 0 : 1;
        seen[text[i]] = true;
    }
    return distinct >= distinct_min;
}

}  // namespace

const std::string& Fingerprints::place(std::size_t number) const noexcept {
    const auto behind = std::upper_bound(
        places.begin(), places.end(), number,
        [](std::size_t wanted, const Place& place) { return wanted < place.first; });
    return std::prev(behind)->name;
}

struct Winnowing::State {
    explicit State(const Seal::Key& key) : seal(key) {}

    Seal seal;
    std::vector<std::uint8_t> text;     // of one string, what counts of it
    std::vector<std::uint64_t> hashes;  // of its grams
    std::vector<std::uint32_t> chosen;  // grams
    std::vector<std::uint8_t> clear, sealed;

    void normalise(std::string_view string);
    void hash_grams();
    void choose();
    void seal_all(Fingerprints& out);
};

Winnowing::Winnowing(const Seal::Key& key) : state_(std::make_unique<State>(key)) {}
Winnowing::~Winnowing() = default;
Winnowing::Winnowing(Winnowing&&) noexcept = default;
Winnowing& Winnowing::operator=(Winnowing&&) noexcept = default;

void Winnowing::State::normalise(std::string_view string) {
    string = string.substr(0, characters_max);
    text.resize(string.size());
    std::size_t size = 0;
    for (const char c : string) {
        const std::uint8_t byte = counts_as[static_cast<std::uint8_t>(c)];
        text[size] = byte;
        size += byte != 0 ? 1 : 0;
    }
    text.resize(size);
}

void Winnowing::State::hash_grams() {
    constexpr std::uint64_t oldest = weight_of_oldest();
    hashes.resize(text.size() - gram + 1);
    std::uint64_t hash = 0;
    for (std::uint32_t i = 0; i < gram; ++i) hash = hash * multiplier + text[i];
    hashes[0] = spread(hash);
    for (std::size_t i = 1; i < hashes.size(); ++i) {
        hash = (hash - text[i - 1] * oldest) * multiplier + text[i + gram - 1];
        hashes[i] = spread(hash);
    }
}

/// Of each window the smallest; of equal ones the last, which more windows share.
void Winnowing::State::choose() {
    chosen.clear();
    std::size_t best = 0;
    const std::size_t first_end = std::min<std::size_t>(window, hashes.size());
    for (std::size_t i = 1; i < first_end; ++i) {
        if (hashes[i] <= hashes[best]) best = i;
    }
    chosen.push_back(static_cast<std::uint32_t>(best));
    for (std::size_t last = window; last < hashes.size(); ++last) {
        if (hashes[last] <= hashes[best]) {
            best = last;
        } else if (best + window <= last) {
            best = last - window + 1;
            for (std::size_t i = best + 1; i <= last; ++i) {
                if (hashes[i] <= hashes[best]) best = i;
            }
        } else {
            continue;
        }
        chosen.push_back(static_cast<std::uint32_t>(best));
    }
}

void Winnowing::State::seal_all(Fingerprints& out) {
    seal.apply(clear, sealed);
    for (std::size_t i = 0; i < out.all.size(); ++i)
        std::memcpy(&out.all[i].value, sealed.data() + i * gram, sizeof out.all[i].value);
}

void Winnowing::read(const mcp::ReadableStrings& strings, Fingerprints& out) noexcept {
    State& state = *state_;
    state.clear.clear();
    std::uint32_t begin = 0;
    for (std::size_t number = 0; number < strings.size(); ++number) {
        const std::string_view value = strings.value(number);
        if (value.size() < gram || strings.area(number) == mcp::Area::definition) continue;
        if (value.size() > characters_max) out.cut = true;
        state.normalise(value);
        if (state.text.size() < gram) continue;
        state.hash_grams();
        state.choose();
        const std::size_t before = out.all.size();
        for (const std::uint32_t at : state.chosen) {
            if (!says_enough(&state.text[at])) continue;
            if (out.all.size() >= fingerprints_max) {
                out.cut = true;
                break;
            }
            out.all.push_back({0, begin + at});
            state.clear.insert(state.clear.end(), &state.text[at], &state.text[at] + gram);
        }
        if (out.all.size() > before)
            out.places.push_back({static_cast<std::uint32_t>(before), strings.place(number)});
        if (out.all.size() >= fingerprints_max) break;
        // No part of a text reaches from one string into the next.
        begin += static_cast<std::uint32_t>(state.text.size()) + window + 1;
    }
    state.seal_all(out);
}

}  // namespace umbratap::detect
