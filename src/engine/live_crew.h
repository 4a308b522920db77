// Who does the work in a live run, where time is money: nobody waits for another, and what cannot
// be looked at in time is counted as lost.
//
// One source a worker (the kernel deals packets out, PACKET_FANOUT):
//
//     source 0 ─→ worker 0 ─ Harvest ─┐
//     source 1 ─→ worker 1 ─ Harvest ─┴─→ reporter
//
// One source for all (the kernel cannot look into tunnels, we can):
//
//     source ─→ reader ─ Parcel ─→ worker 0 ─ Harvest ─┐
//                      └ Parcel ─→ worker 1 ─ Harvest ─┴─→ reporter
//
// The reporter puts sightings in the order of packet time, and waits for no worker longer than the
// lag of an idle one.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "capture/source.h"
#include "engine/book.h"
#include "engine/counts.h"
#include "engine/options.h"
#include "engine/reporter.h"

namespace umbratap::engine {

class LiveCrew {
public:
    /// As many sources as workers, or one.
    LiveCrew(const Options& options, std::vector<std::unique_ptr<capture::Source>> sources,
             unsigned workers, const BookPointer& book, Reporter& reporter);
    ~LiveCrew();

    /// An RSA private key (PEM), before the start.
    void add_private_key(const std::string& pem);
    void start();

    /// Known to all workers before the packets that they read next.
    void add_secrets(std::string_view key_log);
    void adopt(const BookPointer& book);

    /// Lets nothing more in; what was let in is worked off, for some seconds at most.
    void stop() noexcept;
    /// All sources came to their end.
    bool ended() const noexcept;
    /// Waits for the end of all work, and ends the report. Returns what was counted in all.
    Counts finish();

    /// As of the last second.
    Counts counts() const;
    /// Of sources and outputs.
    std::vector<capture::Notice> take_notices();
    /// Names of inputs that are gone, see capture::Source.
    std::vector<std::string> gone() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::engine
