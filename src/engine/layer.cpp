// One connection's bytes as they lie.
#include "engine/layer.h"

#include <algorithm>

namespace umbratap::engine {

using flow::Direction;
using flow::StreamChunk;
using inventory::Sighting;

Layer::Layer(Tools& tools, int depth, bool midstream)
    : tools_(&tools), depth_(depth), midstream_(midstream), dialogue_(tools) {}

Layer::~Layer() = default;

Problem Layer::push(const StreamChunk& chunk, Surroundings& around, Fates& fates,
                    Batch<Sighting>& out) {
    if (opaque_) {
        if (!chunk.alternate) fates.add(*opaque_, chunk.data.size());
        return no_problem;
    }
    switch (wrapping_) {
        case Wrapping::unknown:
            return push_unknown(chunk, around, fates, out);
        case Wrapping::tls:
            return push_tls(chunk, around, fates, out);
        case Wrapping::socks:
            return push_socks(chunk, around, fates, out);
        case Wrapping::none:
            return push_plain(chunk, around, fates, out);
    }
    return no_problem;
}

/// Up to five bytes of either direction tell TLS and SOCKS from everything else; they may come one
/// by one.
Problem Layer::push_unknown(const StreamChunk& chunk, Surroundings& around, Fates& fates,
                            Batch<Sighting>& out) {
    Start& start = start_[index(chunk.direction)];
    if (chunk.alternate) return no_problem;
    if (chunk.data.empty()) {
        start.missing += chunk.missing;
        start.ended = start.ended || chunk.end;
        if (start.size == 0 || !chunk.end) return no_problem;
    }
    Bytes first = chunk.data;
    const std::size_t taken = std::min(start.bytes.size() - start.size, chunk.data.size());
    if (start.size > 0 || chunk.data.size() < start.bytes.size()) {
        std::copy_n(chunk.data.begin(), taken, start.bytes.begin() + start.size);
        first = Bytes(start.bytes.data(), start.size + taken);
    }
    const bool tls = tls::looks_like_tls(first);
    const bool socks = proxy::looks_like_socks(first, chunk.direction);
    const std::size_t certain_bytes = tls ? start.bytes.size() : socks ? 2 : 0;
    if (first.size() < certain_bytes && !chunk.end) {
        start.size = static_cast<std::uint8_t>(first.size());  // not certain yet
        fates.add(Fate::inspected, taken);
        return no_problem;
    }
    if (tls) {
        wrapping_ = Wrapping::tls;
        tls_ = std::make_unique<TlsLayer>(*tools_, depth_);
        if (tools_->wanted.streams && depth_ == 0) decrypted_ = std::make_unique<StreamDigests>();
    } else if (socks) {
        wrapping_ = Wrapping::socks;
        socks_ = std::make_unique<proxy::Socks>(tools_->budget);
    } else {
        wrapping_ = Wrapping::none;
    }
    const Problem problem = push_start(chunk, around, fates, out);
    return problem.or_else(push(chunk, around, fates, out));
}

/// What was held back goes first. It was counted as inspected when it came.
Problem Layer::push_start(const StreamChunk& now, Surroundings& around, Fates& fates,
                          Batch<Sighting>& out) {
    Problem problem;
    for (const Direction direction : {Direction::to_server, Direction::to_client}) {
        const Start& start = start_[index(direction)];
        StreamChunk earlier;
        earlier.time = now.time;
        earlier.packet_number = now.packet_number;
        earlier.direction = direction;
        Fates counted;
        if (start.missing > 0) {
            earlier.missing = start.missing;
            problem = problem.or_else(push(earlier, around, counted, out));
            earlier.offset += earlier.missing;
            earlier.missing = 0;
        }
        if (start.size > 0) {
            earlier.data = Bytes(start.bytes.data(), start.size);
            problem = problem.or_else(push(earlier, around, counted, out));
        }
        if (start.ended && direction != now.direction) {
            earlier.data = {};
            earlier.end = true;
            problem = problem.or_else(push(earlier, around, counted, out));
        }
        fates.refine(counted);
    }
    return problem;
}

Problem Layer::push_tls(const StreamChunk& chunk, Surroundings& around, Fates& fates,
                        Batch<Sighting>& out) {
    inside_.clear();
    const Problem problem = tls_->push(chunk, around, fates, inside_, out);
    return push_inside(problem, around, fates, out);
}

Problem Layer::retry(Time now, Surroundings& around, Fates& fates, Batch<Sighting>& out) {
    Problem problem;
    if (!opaque_ && tls_ && tls_->waits()) {
        inside_.clear();
        problem = tls_->retry(now, around, fates, inside_, out);
        problem = push_inside(problem, around, fates, out);
    }
    for (auto& [exchange, tunnel] : tunnels_) {
        if (opaque_ || !tunnel.layer || !tunnel.layer->waits()) continue;
        Fates counted;
        problem = problem.or_else(tunnel.layer->retry(now, tunnel.around, counted, out));
        fates.refine(counted);
    }
    return problem;
}

bool Layer::waits() const noexcept {
    return (tls_ && tls_->waits()) ||
           std::any_of(tunnels_.begin(), tunnels_.end(), [](const auto& one) {
               return one.second.layer && one.second.layer->waits();
           });
}

/// What TLS held is inspected like any other stream; its bytes have their fates already, those that
/// nobody looks at are moved.
Problem Layer::push_inside(Problem problem, Surroundings& around, Fates& fates,
                           Batch<Sighting>& out) {
    Fates counted;
    for (const StreamChunk& chunk : inside_) {
        if (decrypted_) decrypted_->add(chunk);
        if (!opaque_) problem = problem.or_else(push_plain(chunk, around, counted, out));
    }
    fates.refine(counted);
    if (opaque_) {
        tls_->abandon(*opaque_, fates);
    } else {
        opaque_ = tls_->opaque();
    }
    return problem;
}

Problem Layer::push_plain(const StreamChunk& chunk, Surroundings& around, Fates& fates,
                          Batch<Sighting>& out) {
    if (!connection_)
        connection_ = std::make_unique<http::Connection>(tools_->limits.http, tools_->budget);
    items_.clear();
    Problem problem = connection_->push(chunk, items_);
    if (!chunk.alternate) fates.add(Fate::inspected, chunk.data.size());
    const http::Unseen unseen = connection_->take_unseen();
    const bool foreign = connection_->speech() == http::Speech::foreign;
    // Who did not see the beginning cannot say that it is of no interest.
    const Fate of_no_interest = foreign && midstream_ ? Fate::midstream : Fate::shunted;
    fates.move(of_no_interest, unseen.shunted);
    fates.move(Fate::gap, unseen.gap);
    fates.move(Fate::unsupported, unseen.unsupported);
    fates.move(Fate::budget, unseen.budget);
    fates.move(Fate::midstream, unseen.midstream);
    around.reversed = connection_->reversed();
    for (http::Item& item : items_) {
        if (const auto* piece = std::get_if<http::Tunnelled>(&item)) {
            const auto known = tunnels_.find(piece->exchange);
            Tunnel& tunnel = known != tunnels_.end()
                                 ? known->second
                                 : begin_tunnel(piece->exchange, "connect", {}, around);
            problem = problem.or_else(push_tunnelled(tunnel, piece->chunk, around, fates, out));
            continue;
        }
        if (const auto* head = std::get_if<http::Head>(&item)) {
            if (head->is_request && head->method == "CONNECT")
                begin_tunnel(head->exchange, "connect", head->target, around);
        } else if (const auto* end = std::get_if<http::ExchangeEnd>(&item)) {
            problem = problem.or_else(end_tunnel(*end, fates, out));
        }
        problem = problem.or_else(dialogue_.push(std::move(item), around, out));
    }
    connection_->release();
    if (connection_->deaf() && !is_tunnel()) opaque_ = of_no_interest;
    return problem;
}

Problem Layer::push_socks(const StreamChunk& chunk, Surroundings& around, Fates& fates,
                          Batch<Sighting>& out) {
    using State = proxy::Socks::State;
    inside_.clear();
    Problem problem = socks_->push(chunk, inside_);
    if (!chunk.alternate) fates.add(Fate::inspected, chunk.data.size());
    for (const StreamChunk& inside : inside_) {
        // The server's bytes may have come before the client's request.
        Tunnel& tunnel = begin_tunnel(0, socks_->version() == 4 ? "socks4" : "socks5",
                                      socks_->authority(), around);
        problem = problem.or_else(push_tunnelled(tunnel, inside, around, fates, out));
    }
    switch (socks_->state()) {
        case State::following:
            break;
        case State::refused:
            opaque_ = Fate::shunted;
            break;
        case State::not_read:
            opaque_ = Fate::unsupported;
            break;
        case State::broken:
            opaque_ = midstream_ ? Fate::midstream : Fate::shunted;
            break;
        case State::lost:
            opaque_ = Fate::gap;
            break;
        case State::no_budget:
            opaque_ = Fate::budget;
            break;
    }
    return problem;
}

/// What is known of it already stays, but for an authority that was not known.
Layer::Tunnel& Layer::begin_tunnel(http::ExchangeId exchange, const char* proxy_kind,
                                   const std::string& authority, const Surroundings& around) {
    const auto [at, is_new] = tunnels_.try_emplace(exchange);
    Surroundings& inside = at->second.around;
    if (is_new) {
        inside = around;
        inside.connection = tools_->next_connection();
        inside.proxy = inventory::Proxy{around.flow->server, proxy_kind};
        inside.reversed = false;
    }
    if (inside.tunnel_authority.empty() || is_new) inside.tunnel_authority = authority;
    return at->second;
}

/// A connection that is nothing but a tunnel is as opaque as what is inside; one of HTTP/2 may hold
/// many.
bool Layer::is_tunnel() const noexcept {
    return socks_ || (connection_ && connection_->speech() == http::Speech::tunnel);
}

/// The bytes were counted as inspected by the layer around; what this one cannot see is moved.
Problem Layer::push_tunnelled(Tunnel& tunnel, const StreamChunk& chunk, const Surroundings& around,
                              Fates& fates, Batch<Sighting>& out) {
    if (depth_ >= tools_->limits.tunnels_max) {
        fates.move(Fate::budget, chunk.data.size());
        return Problem{"tunnel.too_deep"};
    }
    if (!tunnel.layer) tunnel.layer = std::make_unique<Layer>(*tools_, depth_ + 1, false);
    tunnel.around.flow = around.flow;
    StreamChunk turned = chunk;
    if (around.reversed) turned.direction = flow::opposite(chunk.direction);
    Fates counted;
    const Problem problem = tunnel.layer->push(turned, tunnel.around, counted, out);
    fates.refine(counted);
    if (is_tunnel()) opaque_ = tunnel.layer->opaque();
    return problem;
}

Problem Layer::end_tunnel(const http::ExchangeEnd& end, Fates& fates, Batch<Sighting>& out) {
    const auto at = tunnels_.find(end.exchange);
    if (at == tunnels_.end()) return no_problem;
    Problem problem;
    if (at->second.layer) {
        Fates counted;
        problem =
            at->second.layer->finish(at->second.around, end.time, end.packet_number, counted, out);
        fates.refine(counted);
    }
    tunnels_.erase(at);
    return problem;
}

Problem Layer::finish(Surroundings& around, Time time, std::uint64_t packet_number, Fates& fates,
                      Batch<Sighting>& out) {
    Problem problem;
    if (tls_ && !opaque_) {
        inside_.clear();
        problem = tls_->finish(time, around, fates, inside_, out);
        problem = push_inside(problem, around, fates, out);
    }
    while (!tunnels_.empty()) {
        const http::ExchangeEnd end{time, packet_number, tunnels_.begin()->first, 0, 0};
        problem = problem.or_else(end_tunnel(end, fates, out));
    }
    dialogue_.finish(around, time, packet_number, out);
    return problem;
}

}  // namespace umbratap::engine
