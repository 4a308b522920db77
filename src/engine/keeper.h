// A live run, in processes:
//
//     keeper ── opens interfaces, follows key logs, hears signals; starts and watches the others
//       ├─ parser ── packets to events; may open nothing, make nothing, reach nobody
//       └─ outlet ── events to files and receivers; sees no packet
//
// The keeper has one thread and touches no byte that came off the wire. Where the parser dies it is
// started again, and says so in an alert.
#pragma once

#include "engine/options.h"

namespace umbratap::engine {

/// Runs until a signal ends it. Returns the exit status. Throws what `run` throws, before anything
/// was started, capture::InputError where an interface cannot be captured.
int run_live(const Options& options);

}  // namespace umbratap::engine
