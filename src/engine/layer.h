// One connection's bytes as they lie: perhaps TLS around, then HTTP or lines; inside a SOCKS or
// CONNECT tunnel another such layer. The only place that knows that tls comes before http.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/batch.h"
#include "engine/dialogue.h"
#include "engine/fate.h"
#include "engine/stream_digests.h"
#include "engine/tls_layer.h"
#include "flow/stream_chunk.h"
#include "http/connection.h"
#include "proxy/socks.h"

namespace umbratap::engine {

class Layer {
public:
    /// `depth`: how many tunnels are around it.
    Layer(Tools& tools, int depth, bool midstream);
    ~Layer();

    /// Takes the next chunk; appends sightings; gives every byte of it a fate. `around.flow` is
    /// known.
    Problem push(const flow::StreamChunk& chunk, Surroundings& around, Fates& fates,
                 Batch<inventory::Sighting>& out);
    /// It waits: keys may have come by now, or were waited for long enough.
    Problem retry(Time now, Surroundings& around, Fates& fates, Batch<inventory::Sighting>& out);
    Problem finish(Surroundings& around, Time time, std::uint64_t packet_number, Fates& fates,
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
    /// It speaks something that is none of ours.
    bool foreign() const noexcept {
        return (socks_ && socks_->state() == proxy::Socks::State::broken) ||
               (connection_ && connection_->speech() == http::Speech::foreign);
    }
    bool waits() const noexcept;
    /// What was inside of TLS, if stream events are wanted and it was opened.
    StreamDigests* decrypted() noexcept { return decrypted_.get(); }
    /// Requests come from what was taken for the server.
    bool reversed() const noexcept { return connection_ && connection_->reversed(); }

private:
    enum class Wrapping : std::uint8_t { unknown, tls, socks, none };

    Problem push_unknown(const flow::StreamChunk& chunk, Surroundings& around, Fates& fates,
                         Batch<inventory::Sighting>& out);
    Problem push_start(const flow::StreamChunk& now, Surroundings& around, Fates& fates,
                       Batch<inventory::Sighting>& out);
    Problem push_tls(const flow::StreamChunk& chunk, Surroundings& around, Fates& fates,
                     Batch<inventory::Sighting>& out);
    Problem push_inside(Problem problem, Surroundings& around, Fates& fates,
                        Batch<inventory::Sighting>& out);
    Problem push_plain(const flow::StreamChunk& chunk, Surroundings& around, Fates& fates,
                       Batch<inventory::Sighting>& out);
    Problem push_socks(const flow::StreamChunk& chunk, Surroundings& around, Fates& fates,
                       Batch<inventory::Sighting>& out);
    /// What runs inside, through a proxy.
    struct Tunnel {
        Surroundings around;
        std::unique_ptr<Layer> layer;  // null until bytes come
    };

    Tunnel& begin_tunnel(http::ExchangeId exchange, const char* proxy_kind,
                         const std::string& authority, const Surroundings& around);
    Problem push_tunnelled(Tunnel& tunnel, const flow::StreamChunk& chunk,
                           const Surroundings& around, Fates& fates,
                           Batch<inventory::Sighting>& out);
    Problem end_tunnel(const http::ExchangeEnd& end, Fates& fates, Batch<inventory::Sighting>& out);
    bool is_tunnel() const noexcept;

    Tools* tools_;
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
    std::unique_ptr<TlsLayer> tls_;
    Batch<flow::StreamChunk> inside_;  // of TLS or SOCKS
    std::unique_ptr<StreamDigests> decrypted_;
    std::unique_ptr<proxy::Socks> socks_;
    std::unique_ptr<http::Connection> connection_;
    Dialogue dialogue_;
    Batch<http::Item> items_;
    std::map<http::ExchangeId, Tunnel> tunnels_;  // by the exchange that opened it; 0: SOCKS
};

}  // namespace umbratap::engine
