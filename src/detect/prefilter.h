// Says "perhaps" to every text that the decoder could take for a JSON-RPC message, and to few
// others; never decides.
//
// Hyperscan over the raw bytes, before any parsing. It may err towards "perhaps" only: any escape,
// case, key order, white space or encoding that mcp::Decoder reads must raise it (a property test
// holds the two together).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace umbratap::detect {

class Prefilter {
public:
    /// Compiles the anchors of rules/prefilter.yaml in `rules_directory`, or takes the serialised
    /// database from `cache_directory` if it was made of the same patterns by the same library on
    /// the same kind of CPU. Throws RuleError (detect/rules.h).
    Prefilter(const std::string& rules_directory, const std::string& cache_directory);
    ~Prefilter();
    Prefilter(Prefilter&&) noexcept;

    /// Runs every example of every anchor; returns one line per example that does not do what it
    /// should.
    std::vector<std::string> check() const;
    /// Where the databases came from: true if both were in the cache.
    bool was_cached() const noexcept;

    /// One worker's scratch memory, and streams over texts longer than what is parsed. Keeps what
    /// it needs of its Prefilter alive.
    class Scanner {
    public:
        explicit Scanner(const Prefilter& prefilter);
        ~Scanner();
        Scanner(Scanner&&) noexcept;
        Scanner& operator=(Scanner&&) noexcept;

        bool perhaps(Bytes text) noexcept;

        /// A text in pieces, scanned to its end by the rules with which it began, whatever becomes
        /// of its Scanner. `perhaps` is true once, in the piece that completes the first hit.
        class Stream {
        public:
            ~Stream();
            Stream(const Stream&) = delete;
            Stream& operator=(const Stream&) = delete;

        private:
            friend class Scanner;
            struct State;
            explicit Stream(std::unique_ptr<State> state) noexcept;
            std::unique_ptr<State> state_;
        };
        std::unique_ptr<Stream> open() noexcept;
        static bool perhaps(Stream& stream, Bytes piece) noexcept;

    private:
        friend class Prefilter;
        struct State;
        std::shared_ptr<State> state_;
    };

private:
    friend class Scanner;
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace umbratap::detect
