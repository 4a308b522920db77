// Who does the work: one worker in this thread, or several in threads of their own. Either way the
// reporter hears the same sightings in the same order.
#pragma once

#include <memory>

#include "capture/source.h"
#include "engine/book.h"
#include "engine/options.h"
#include "engine/reporter.h"

namespace umbratap::engine {

class Crew {
public:
    Crew(const Options& options, unsigned workers, const BookPointer& book, Reporter& reporter);
    ~Crew();

    /// An RSA private key (PEM), before the first packet.
    void add_private_key(const std::string& pem);
    /// Lines of a key log: known to every worker before the packets that are pushed next.
    void add_secrets(std::string_view key_log);
    /// What counts for the packets that are pushed next.
    void adopt(const BookPointer& book);
    void push(const Batch<capture::Frame>& frames, const capture::SourceCounts& source);
    /// Returns when everything pushed so far has been reported.
    void drain();
    /// Ends all flows, and the report. Returns what was counted in all.
    Counts finish(const capture::SourceCounts& source, bool cut_short);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::engine
