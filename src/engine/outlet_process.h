// The process of a live run that owns the outputs: it may open files and sockets, as the user that
// it runs as, and never sees a packet.
#pragma once

#include "engine/options.h"
#include "engine/post.h"

namespace umbratap::engine {

namespace to_outlet {
inline constexpr char channel = 'c';  ///< with a descriptor: events come from there, too
inline constexpr char reopen = 'h';
inline constexpr char finish = 'q';  ///< once all channels have ended
}  // namespace to_outlet

namespace from_outlet {
inline constexpr char ready = 'r';   ///< all outputs are open
inline constexpr char failed = 'f';  ///< one is not: why, in one line
}  // namespace from_outlet

/// Runs until it is told to finish, or the keeper is gone, and all channels have ended. Returns the
/// exit status: 1 if events were lost.
int run_outlet(const Options& options, Post keeper) noexcept;

}  // namespace umbratap::engine
