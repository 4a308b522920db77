// One connection's bytes as they lie: perhaps TLS around, then HTTP or lines; inside a CONNECT
// tunnel another such layer. The only place that knows that tls comes before http.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "base/batch.h"
#include "engine/dialogue.h"
#include "engine/fate.h"
#include "flow/stream_chunk.h"
#include "http/connection.h"
#include "tls/hello.h"

namespace umbratap::engine {

class Layer {
public:
    Layer(Tools& tools, std::uint64_t connection, int depth, bool midstream);
    ~Layer();

    /// Takes the next chunk; appends sightings; gives every byte of it a fate. `around.flow` is
    /// known.
    Problem push(const flow::StreamChunk& chunk, Surroundings& around, Fates& fates,
                 Batch<inventory::Sighting>& out);
    void finish(const Surroundings& around, Time time, std::uint64_t packet_number,
                Batch<inventory::Sighting>& out);

    /// Nothing more will be understood: all further bytes have this fate, and the flow may be
    /// shunted.
    std::optional<Fate> opaque() const noexcept { return opaque_; }
    /// Nobody knows what it speaks, or only one side of it was heard, and that is none of ours.
    bool unclear() const noexcept {
        return !opaque_ && (wrapping_ == Wrapping::unknown ||
                            (connection_ && (connection_->speech() == http::Speech::unknown ||
                                             connection_->speech() == http::Speech::foreign)));
    }
    /// Requests come from what was taken for the server.
    bool reversed() const noexcept { return connection_ && connection_->reversed(); }

private:
    enum class Wrapping : std::uint8_t { unknown, tls, none };

    Problem push_unknown(const flow::StreamChunk& chunk, Surroundings& around, Fates& fates,
                         Batch<inventory::Sighting>& out);
    Problem push_start(const flow::StreamChunk& now, Surroundings& around, Fates& fates,
                       Batch<inventory::Sighting>& out);
    Problem push_tls(const flow::StreamChunk& chunk, Surroundings& around, Fates& fates,
                     Batch<inventory::Sighting>& out);
    Problem push_plain(const flow::StreamChunk& chunk, Surroundings& around, Fates& fates,
                       Batch<inventory::Sighting>& out);
    Problem push_tunnelled(const http::Tunnelled& piece, const Surroundings& around, Fates& fates,
                           Batch<inventory::Sighting>& out);

    Tools* tools_;
    std::uint64_t number_;
    int depth_;
    bool midstream_;
    Wrapping wrapping_ = Wrapping::unknown;
    std::optional<Fate> opaque_;
    // The first bytes of each direction until it is clear whether they are TLS.
    struct Start {
        std::uint64_t missing = 0;
        std::array<std::uint8_t, 5> bytes{};
        std::uint8_t size = 0;
        bool ended = false;
    };
    std::array<Start, 2> start_;
    std::array<std::uint64_t, 2> tls_bytes_{};
    std::unique_ptr<tls::HelloReader> hello_;
    std::unique_ptr<http::Connection> connection_;
    Dialogue dialogue_;
    Batch<http::Item> items_;
    std::string tunnel_authority_;  // of the CONNECT request seen last
    std::unique_ptr<Layer> inner_;
    std::unique_ptr<Surroundings> inner_around_;
};

}  // namespace umbratap::engine
