// `umbratap inventory approve`: what was seen, as entries of a policy.
#pragma once

#include <string>
#include <vector>

#include "inventory/store.h"

namespace umbratap::engine {

struct Approval {
    std::vector<std::string> servers;  ///< HOST or HOST:PORT; none: all that are shadow
    std::string verdict = "approved", owner, reason, expires;
};

/// A policy file that covers these servers as they were seen: host, port, paths, with TLS or
/// without. Text that came off the wire is quoted, so that it cannot become anything else. Throws
/// UsageError where a server is not known (with a suggestion), there is nothing to approve, or a
/// value is none that a policy takes.
std::string policy_for(const std::vector<inventory::StoredServer>& servers,
                       const Approval& approval);

}  // namespace umbratap::engine
