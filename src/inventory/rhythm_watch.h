// The rhythm of all connections between one client and one server: a client of MCP opens several,
// and its handshake goes over whichever is free.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "detect/rhythms.h"

namespace umbratap::inventory {

class RhythmWatch {
public:
    struct Pair {
        std::vector<detect::RhythmTurn> turns;  ///< of the last minute or so, in order of time
        Time last;
        bool told = false;
        bool long_lived = false;  ///< one of its connections was
    };

    /// `pairs_max`: the one that came first goes first.
    explicit RhythmWatch(std::size_t pairs_max) : pairs_max_(pairs_max) {}

    /// Adds the turns of one connection; what the pair said before stays unless it was long ago.
    Pair& add(const std::string& pair, Time time, const std::vector<detect::RhythmTurn>& turns);

private:
    std::size_t pairs_max_;
    std::unordered_map<std::string, Pair> pairs_;
    std::deque<std::string> order_;
};

}  // namespace umbratap::inventory
