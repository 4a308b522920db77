// One connection's bytes as they lie.
#include "engine/layer.h"

#include <algorithm>

namespace umbratap::engine {

using flow::Direction;
using flow::StreamChunk;
using inventory::Sighting;

Layer::Layer(Tools& tools, std::uint64_t connection, int depth, bool midstream)
    : tools_(&tools), number_(connection), depth_(depth), midstream_(midstream), dialogue_(tools) {}

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
    if (!opaque_ && tls_ && tls_->waits_for_keys()) {
        inside_.clear();
        problem = tls_->retry(now, around, fates, inside_, out);
        problem = push_inside(problem, around, fates, out);
    }
    if (!opaque_ && inner_ && inner_->waits_for_keys()) {
        Fates counted;
        problem = problem.or_else(inner_->retry(now, *inner_around_, counted, out));
        fates.refine(counted);
    }
    return problem;
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
            problem = problem.or_else(push_tunnelled(piece->chunk, {around.flow->server, "connect"},
                                                     tunnel_authority_, around, fates, out));
            continue;
        }
        if (const auto* head = std::get_if<http::Head>(&item);
            head != nullptr && head->is_request && head->method == "CONNECT") {
            tunnel_authority_ = head->target;
        }
        problem = problem.or_else(dialogue_.push(std::move(item), around, out));
    }
    if (connection_->deaf() && !inner_) opaque_ = of_no_interest;
    return problem;
}

Problem Layer::push_socks(const StreamChunk& chunk, Surroundings& around, Fates& fates,
                          Batch<Sighting>& out) {
    using State = proxy::Socks::State;
    inside_.clear();
    Problem problem = socks_->push(chunk, inside_);
    if (!chunk.alternate) fates.add(Fate::inspected, chunk.data.size());
    const inventory::Proxy proxy{around.flow->server, socks_->version() == 4 ? "socks4" : "socks5"};
    for (const StreamChunk& inside : inside_) {
        problem =
            problem.or_else(push_tunnelled(inside, proxy, socks_->authority(), around, fates, out));
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

/// The bytes were counted as inspected by the layer around; what this one cannot see is moved.
Problem Layer::push_tunnelled(const StreamChunk& chunk, const inventory::Proxy& proxy,
                              const std::string& authority, const Surroundings& around,
                              Fates& fates, Batch<Sighting>& out) {
    if (!inner_) {
        if (depth_ >= tools_->limits.tunnels_max) {
            fates.move(Fate::budget, chunk.data.size());
            return Problem{"tunnel.too_deep"};
        }
        inner_ = std::make_unique<Layer>(
            *tools_, number_ | static_cast<std::uint64_t>(depth_ + 1) << 56, depth_ + 1, false);
        inner_around_ = std::make_unique<Surroundings>(around);
        inner_around_->connection = number_ | static_cast<std::uint64_t>(depth_ + 1) << 56;
        inner_around_->proxy = proxy;
        inner_around_->tunnel_authority = authority;
        inner_around_->reversed = false;
    }
    inner_around_->flow = around.flow;
    // The server's bytes may have come before the client's request.
    if (inner_around_->tunnel_authority.empty()) inner_around_->tunnel_authority = authority;
    StreamChunk turned = chunk;
    if (around.reversed) turned.direction = flow::opposite(chunk.direction);
    Fates counted;
    const Problem problem = inner_->push(turned, *inner_around_, counted, out);
    fates.refine(counted);
    if (inner_->opaque()) opaque_ = inner_->opaque();
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
    if (inner_) {
        Fates counted;
        problem =
            problem.or_else(inner_->finish(*inner_around_, time, packet_number, counted, out));
        fates.refine(counted);
    }
    dialogue_.finish(around, time, packet_number, out);
    return problem;
}

}  // namespace umbratap::engine
