// Parts of a text by which it is known again.
//
// Which grams are kept depends on an unkeyed hash, so that every run finds the same; what is kept
// of them is sealed, all of a message at once.
#include "detect/winnowing.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

#include "detect/plain_text.h"

namespace umbratap::detect {
namespace {

static_assert(Winnowing::gram == Seal::block_bytes);

constexpr std::size_t characters_max = 128 * 1024;  // of a string
constexpr std::size_t word_max = 24;  // characters; longer ones are cut where a byte says so
constexpr std::size_t block_bytes = 64;
constexpr int distinct_min = 6;  // different characters in a gram: less is a pattern
constexpr std::uint64_t first_multiplier = 0x9e3779b97f4a7c15U,
                        second_multiplier = 0xd6e8feb86659fd93U;

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

/// Of the 16 characters from `text` on. The high bits depend on all of them.
std::uint64_t hash_of(const std::uint8_t* text) noexcept {
    std::uint64_t low, high;
    std::memcpy(&low, text, sizeof low);
    std::memcpy(&high, text + sizeof low, sizeof high);
    const std::uint64_t sum = low * first_multiplier ^ std::rotl(high * second_multiplier, 32);
    return (sum ^ sum >> 29) * second_multiplier;
}

/// Characters that share a bit count once; that is near enough.
bool says_enough(const std::uint8_t* text) noexcept {
    std::uint64_t seen = 0;
    for (std::uint32_t i = 0; i < Winnowing::gram; ++i) seen |= std::uint64_t{1} << (text[i] & 63);
    for (int others = 1; others < distinct_min; ++others) seen &= seen - 1;
    return seen != 0;
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
    std::vector<std::uint8_t> text;         // of one string, what counts of it
    std::vector<std::uint32_t> begins;      // of words
    std::vector<std::uint32_t> further;     // beginnings within long words
    std::size_t characters = 0, grams = 0;  // of both, how many are in use
    std::vector<std::uint32_t> chosen;      // where grams begin
    std::size_t chosen_count = 0;
    std::vector<std::uint8_t> clear, sealed;

    void normalise(std::string_view string);
    void take_bytes(std::string_view some, bool& within);
    void take_block(const char* block, bool& within);
    void cut_long_words();
    void choose();
    void seal_all(Fingerprints& out);
};

Winnowing::Winnowing(const Seal::Key& key) : state_(std::make_unique<State>(key)) {}
Winnowing::~Winnowing() = default;
Winnowing::Winnowing(Winnowing&&) noexcept = default;
Winnowing& Winnowing::operator=(Winnowing&&) noexcept = default;

/// Words are copied as they lie, 16 bytes at once; where there is more than ASCII, byte by byte.
void Winnowing::State::normalise(std::string_view string) {
    string = string.substr(0, characters_max);
    if (text.size() < string.size() + block_bytes) {
        text.resize(string.size() + block_bytes);
        begins.resize(string.size());
    }
    characters = grams = 0;
    bool within = false;  // a word
    for (std::size_t at = 0; at < string.size(); at += block_bytes) {
        const std::string_view block = string.substr(at, block_bytes);
        if (block.size() < block_bytes || is_perhaps_not_plain(block)) {
            take_bytes(block, within);
        } else {
            take_block(block.data(), within);
        }
    }
    cut_long_words();
    while (grams > 0 && begins[grams - 1] + gram > characters) --grams;
}

/// Without a branch for each character: words are too short to foresee their ends.
void Winnowing::State::take_bytes(std::string_view some, bool& within) {
    for (const char c : some) {
        const std::uint8_t byte = counts_as[static_cast<std::uint8_t>(c)];
        const bool counts = byte != 0;
        // Scripts without blanks are cut by what they are made of, so that it does not matter where
        // they begin.
        const bool first = (counts & !within) | ((byte & 0x87) == 0x80);
        text[characters] = byte;
        begins[grams] = static_cast<std::uint32_t>(characters);
        characters += counts;
        grams += first;
        within = counts;
    }
}

void Winnowing::State::take_block(const char* block, bool& within) {
    std::array<std::uint8_t, 2 * block_bytes> small;  // letters; as long again may be read
    std::array<std::uint8_t, block_bytes> counting;   // 1 or 0
    for (std::size_t i = 0; i < block_bytes; ++i) {
        const auto c = static_cast<std::uint8_t>(block[i]);
        const auto letter = static_cast<std::uint8_t>(c | 0x20);
        const bool is_letter = static_cast<std::uint8_t>(letter - 'a') < 26;
        const bool is_digit = static_cast<std::uint8_t>(c - '0') < 10;
        small[i] = is_letter ? letter : c;
        counting[i] = is_letter | is_digit ? 1 : 0;
    }
    std::uint64_t left = 0;  // a bit for each byte that counts and was not copied
    for (std::size_t i = 0; i < block_bytes; i += 8) {
        std::uint64_t eight;
        std::memcpy(&eight, &counting[i], sizeof eight);
        left |= (eight * 0x0102040810204080U >> 56) << i;
    }
    const bool goes_on = std::exchange(within, left >> 63 != 0);
    while (left != 0) {
        const auto first = static_cast<std::size_t>(std::countr_zero(left));
        const auto length = static_cast<std::size_t>(std::countr_one(left >> first));
        for (std::size_t copied = 0; copied < length; copied += 16)
            std::memcpy(&text[characters + copied], &small[first + copied], 16);
        begins[grams] = static_cast<std::uint32_t>(characters);
        grams += first != 0 || !goes_on ? 1 : 0;
        characters += length;
        left &= left + (std::uint64_t{1} << first);  // without this row of ones
    }
}

/// Long rows of letters, too, but only behind so many: most bytes are not looked at here.
void Winnowing::State::cut_long_words() {
    further.clear();
    for (std::size_t word = 0; word < grams; ++word) {
        const std::size_t end = word + 1 < grams ? begins[word + 1] : characters;
        for (std::size_t at = begins[word] + word_max; at < end; ++at) {
            if ((text[at] & 7) != 0) continue;
            further.push_back(static_cast<std::uint32_t>(at));
            at += word_max - 1;
        }
    }
    if (further.empty()) return;
    if (begins.size() < grams + further.size()) begins.resize(grams + further.size());
    std::copy(further.begin(), further.end(), begins.begin() + static_cast<std::ptrdiff_t>(grams));
    grams += further.size();
    std::sort(begins.begin(), begins.begin() + static_cast<std::ptrdiff_t>(grams));
}

/// Of each window the gram with the least hash; of equal ones the last, which more windows share.
/// Which one that is cannot be foreseen, so no branch depends on it.
void Winnowing::State::choose() {
    static_assert(std::has_single_bit(window));
    if (chosen.size() < grams) chosen.resize(grams);
    chosen_count = 0;
    std::array<std::uint64_t, window> hashes;  // of the last ones
    hashes.fill(~std::uint64_t{0});
    const std::size_t first_window = std::min(window, grams) - 1;  // its last gram
    for (std::size_t i = 0; i < first_window; ++i) hashes[i] = hash_of(&text[begins[i]]);
    std::size_t told = grams;
    for (std::size_t i = first_window; i < grams; ++i) {
        std::uint64_t least = hashes[i % window] = hash_of(&text[begins[i]]);
        std::size_t best = i;
        for (std::size_t back = 1; back < window; ++back) {
            const std::uint64_t hash = hashes[(i - back) % window];
            best = hash < least ? i - back : best;
            least = std::min(hash, least);
        }
        chosen[chosen_count] = begins[best];
        chosen_count += best != told ? 1 : 0;
        told = best;
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
    constexpr std::size_t apart = 16;  // characters, about
    out.all.reserve(std::min(strings.text().size() / apart, fingerprints_max));
    std::uint32_t begin = 0;
    for (std::size_t number = 0; number < strings.size(); ++number) {
        const std::string_view value = strings.value(number);
        if (value.size() < gram || strings.area(number) == mcp::Area::definition) continue;
        if (value.size() > characters_max) out.cut = true;
        state.normalise(value);
        if (state.grams == 0) continue;
        state.choose();
        const std::size_t before = out.all.size();
        for (const std::uint32_t at : std::span(state.chosen).first(state.chosen_count)) {
            if (!says_enough(&state.text[at])) continue;
            if (out.all.size() >= fingerprints_max) {
                out.cut = true;
                break;
            }
            out.all.push_back(
                {0, begin + at, static_cast<std::uint32_t>(hash_of(&state.text[at]) >> 32)});
            state.clear.insert(state.clear.end(), &state.text[at], &state.text[at] + gram);
        }
        if (out.all.size() > before)
            out.places.push_back({static_cast<std::uint32_t>(before), strings.place(number)});
        if (out.all.size() >= fingerprints_max) break;
        // No part of a text reaches from one string into the next.
        begin += static_cast<std::uint32_t>(state.characters) + distance_max + 1;
    }
    state.seal_all(out);
}

}  // namespace umbratap::detect
