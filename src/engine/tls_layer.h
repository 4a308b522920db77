// TLS around a connection: takes it off where it can, says what the hellos say, and gives every
// byte a fate.
#pragma once

#include <memory>
#include <optional>

#include "base/batch.h"
#include "engine/dialogue.h"
#include "engine/fate.h"
#include "flow/stream_chunk.h"
#include "tls/rhythm.h"
#include "tls/session.h"

namespace umbratap::engine {

class TlsLayer {
public:
    /// `depth`: how many tunnels are around it.
    TlsLayer(Tools& tools, int depth);
    ~TlsLayer();
    TlsLayer(const TlsLayer&) = delete;
    TlsLayer& operator=(const TlsLayer&) = delete;

    /// Takes the next chunk; appends the stream inside, whose data lives until the next push to a
    /// layer of this depth. Tells of the handshake once, and gives `around` what is known of it.
    Problem push(const flow::StreamChunk& chunk, Surroundings& around, Fates& fates,
                 Batch<flow::StreamChunk>& inside, Batch<inventory::Sighting>& out);
    /// Keys may have come, or time has passed.
    Problem retry(Time now, Surroundings& around, Fates& fates, Batch<flow::StreamChunk>& inside,
                  Batch<inventory::Sighting>& out);
    /// Nothing more will come.
    Problem finish(Time now, Surroundings& around, Fates& fates, Batch<flow::StreamChunk>& inside,
                   Batch<inventory::Sighting>& out);

    /// `retry` has something to do: keys may come, or sizes of records are looked at.
    bool waits() const noexcept { return waits_for_keys() || rhythm_; }
    /// Nothing will be opened any more, nor its sizes looked at: all further bytes have this fate.
    std::optional<Fate> opaque() const noexcept;
    /// Nobody wants what is inside any longer.
    void abandon(Fate fate, Fates& fates);

private:
    using Mapped = std::array<std::uint64_t, fate_kinds>;

    Problem settle(Problem problem, Surroundings& around, Fates& fates, bool opened,
                   Batch<inventory::Sighting>& out);
    void tell_name(const Surroundings& around, Batch<inventory::Sighting>& out);
    void tell_handshake(Surroundings& around, bool all_said, Batch<inventory::Sighting>& out);
    void tell_rhythm(const Surroundings& around, bool at_end, Batch<inventory::Sighting>& out);
    void forget_rhythm() noexcept;
    bool waits_for_keys() const noexcept {
        return session_.state() == tls::Session::State::waiting;
    }
    void count_outcome();

    Tools* tools_;
    tls::Session session_;
    std::unique_ptr<tls::Rhythm> rhythm_;  // until the connection is opened, or it was told
    Mapped settled_{};                     // accounts of the session that have their fates already
    Time time_;                            // of what is told next
    std::uint64_t packet_number_ = 0;
    bool name_told_ = false, handshake_told_ = false, counted_ = false;
};

}  // namespace umbratap::engine
