// A source of a live run, in the hands of the one thread that reads it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "capture/source.h"
#include "engine/counts.h"
#include "engine/unwrapper.h"

namespace umbratap::engine {

inline Time wall_clock() {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

struct Reading {
    /// How long what was let in is worked off after a stop.
    static constexpr Duration drain_wait_max = std::chrono::seconds(5);

    std::unique_ptr<capture::Source> source;
    Unwrapper unwrapper;
    Counts counts;  // of frames
    std::uint64_t sequence = 0;
    bool stopped = false;
    Time drain_until;
    std::mutex mutex;
    std::vector<capture::Notice> notices;
    std::vector<std::string> gone;

    Reading(std::unique_ptr<capture::Source> s, const Limits& limits)
        : source(std::move(s)), unwrapper(limits), gone(source->gone()) {}

    /// False at the end.
    bool read(const std::atomic<bool>& stop_wanted, Batch<capture::Frame>& frames) {
        if (!stopped && stop_wanted.load(std::memory_order_relaxed)) {
            stopped = true;
            drain_until = wall_clock() + drain_wait_max;
            source->stop();
        }
        frames.clear();
        if (stopped && wall_clock() > drain_until) return false;
        const bool more = source->read(frames);
        if (std::vector<capture::Notice> said = source->take_notices(); !said.empty()) {
            const std::lock_guard lock(mutex);
            notices.insert(notices.end(), said.begin(), said.end());
            gone = source->gone();
        }
        return more;
    }

    void count_source() {
        counts.source = source->counts();
        counts.losses = source->losses();
    }
};

}  // namespace umbratap::engine
