// Parts of a text by which it is known again elsewhere, without the text being kept: winnowing
// (Schleimer, Wilkerson, Aiken: "Winnowing: Local Algorithms for Document Fingerprinting", 2003).
//
//     Ticket 4711: "Printer on fire!"  →  ticket4711printeronfire    letters and digits alone
//                                         └──────────────┘           a gram: 16 of them, from the
//                                               └──────────────┘     begin of a word on
//     of each four grams in a row one is kept: what two texts share leaves a fingerprint in both,
//     if it is four words long and 16 characters more
//
// A fingerprint is its gram under a seal (base/seal.h), 64 bits of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/seal.h"
#include "mcp/readable.h"

namespace umbratap::detect {

struct Fingerprint {
    std::uint64_t value = 0;
    std::uint32_t position = 0;  ///< of its gram, in characters that count, over all strings
    std::uint32_t place = 0;     ///< in a table: no key has a part in it, so every run is alike
};

/// Those of one message.
struct Fingerprints {
    std::vector<Fingerprint> all;  ///< in order of position
    /// The strings that they are from: the number of the first fingerprint, and where it stands.
    struct Place {
        std::uint32_t first = 0;
        std::string name;
    };
    std::vector<Place> places;
    bool cut = false;  ///< there would be more

    bool empty() const noexcept { return all.empty(); }
    /// Where fingerprint `number` stands: `params.arguments.body`.
    const std::string& place(std::size_t number) const noexcept;
};

class Winnowing {
public:
    static constexpr std::uint32_t gram = 16;              ///< characters
    static constexpr std::size_t window = 4;               ///< grams, of which one is kept
    static constexpr std::uint32_t distance_max = 128;     ///< characters between two that are kept
    static constexpr std::size_t fingerprints_max = 4096;  ///< of a message

    explicit Winnowing(const Seal::Key& key);
    ~Winnowing();
    Winnowing(Winnowing&&) noexcept;
    Winnowing& operator=(Winnowing&&) noexcept;

    /// The first `fingerprints_max` of all strings that are no definitions.
    void read(const mcp::ReadableStrings& strings, Fingerprints& out) noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::detect
