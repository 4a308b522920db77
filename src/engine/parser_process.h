// The process of a live run that parses: all stages and the reporter, and no rights at all.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/interface.h"
#include "engine/book.h"
#include "engine/options.h"
#include "engine/post.h"
#include "report/sink.h"

namespace umbratap::engine {

// What the keeper says to the parser …
namespace to_parser {
inline constexpr char keys = 'k';      ///< lines of a key log
inline constexpr char start = 's';     ///< all keys that there were have been said
inline constexpr char book = 'b';      ///< a packed FileBundle: rules and policy, found sound
inline constexpr char bad_book = 'x';  ///< a reload was refused
inline constexpr char stop = 'q';      ///< drain and end
}  // namespace to_parser

// … and the parser to the keeper.
namespace to_keeper {
inline constexpr char ready = 'r';    ///< packets are being read
inline constexpr char alive = 'a';    ///< once a second
inline constexpr char gone = 'g';     ///< names of interfaces that are gone, one a line
inline constexpr char tunnels = 't';  ///< packets come out of tunnels: the kernel deals them badly
inline constexpr char failed = 'f';   ///< it cannot begin: why, in one line
}  // namespace to_keeper

/// Why a parser was started again, for an alert about ourselves.
struct Restart {
    std::uint64_t count = 0;  ///< restarts since the keeper began
    std::string reason;       ///< of the latest; empty if it was wanted
};

struct ParserTask {
    const Options& options;
    BookPointer book;
    std::vector<std::unique_ptr<capture::InterfaceSource>> sources;
    unsigned workers = 1;
    std::vector<std::string> private_keys;  ///< PEM
    Restart restart;
    report::Sinks sinks;  ///< one channel, or none
    Post keeper;
};

/// Runs to the end, and returns the exit status. To be called in a process of its own, which it
/// locks down for good.
int run_parser(ParserTask task) noexcept;

}  // namespace umbratap::engine
