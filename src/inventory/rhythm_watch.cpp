// The rhythm of all connections between one client and one server.
#include "inventory/rhythm_watch.h"

#include <algorithm>

namespace umbratap::inventory {
namespace {

constexpr Duration silence_max = std::chrono::seconds(90);  // longer than one connection is watched

}  // namespace

RhythmWatch::Pair& RhythmWatch::add(const std::string& pair, Time time,
                                    const std::vector<detect::RhythmTurn>& turns) {
    const auto [found, made] = pairs_.try_emplace(pair);
    if (made) {
        order_.push_back(pair);
        if (order_.size() > pairs_max_) {
            pairs_.erase(order_.front());
            order_.pop_front();
        }
    }
    Pair& known = found->second;
    if (!made && time - known.last > silence_max) known.turns.clear();
    known.last = time;
    known.turns.insert(known.turns.end(), turns.begin(), turns.end());
    std::stable_sort(known.turns.begin(), known.turns.end(),
                     [](const detect::RhythmTurn& a, const detect::RhythmTurn& b) {
                         return a.turn.time < b.turn.time;
                     });
    if (known.turns.size() > detect::Rhythms::turns_max)  // the latest
        known.turns.erase(known.turns.begin(), known.turns.end() - static_cast<std::ptrdiff_t>(
                                                                       detect::Rhythms::turns_max));
    return known;
}

}  // namespace umbratap::inventory
