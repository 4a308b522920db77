// One connection's bytes as they lie.
#include "engine/layer.h"

#include <algorithm>

#include "engine/hello_sightings.h"

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
        case Wrapping::none:
            return push_plain(chunk, around, fates, out);
    }
    return no_problem;
}

/// Up to five bytes of either direction tell TLS from everything else; they may come one by one.
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
    if (tls && first.size() < start.bytes.size() && !chunk.end) {
        start.size = static_cast<std::uint8_t>(first.size());  // not certain yet
        fates.add(Fate::inspected, taken);
        return no_problem;
    }
    if (tls) {
        wrapping_ = Wrapping::tls;
        hello_ = std::make_unique<tls::HelloReader>(tools_->budget);
    } else {
        wrapping_ = Wrapping::none;
        connection_ = std::make_unique<http::Connection>(tools_->limits.http, tools_->budget);
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
    const std::size_t side = index(chunk.direction);
    if (chunk.alternate) return no_problem;
    tls_bytes_[side] += chunk.data.size();
    const bool gap = chunk.missing > 0;
    if (chunk.direction == Direction::to_server && !chunk.data.empty() && !gap) {
        const Problem problem = hello_->push(chunk.data);
        if (hello_->state() == tls::HelloReader::State::done) {
            fates.add(Fate::inspected, chunk.data.size());
            tell_hello(hello_->hello(), "tls", {around.flow, chunk.time, chunk.packet_number},
                       tools_->names, out);
            opaque_ = hello_->hello().encrypted_client_hello ? Fate::ech : Fate::no_key;
            hello_.reset();
            return problem;
        }
        if (hello_->state() == tls::HelloReader::State::not_tls) {
            // Application data without a handshake: the capture began in the middle of the
            // connection.
            opaque_ = midstream_ ? Fate::midstream : Fate::no_key;
            fates.add(*opaque_, chunk.data.size());
            hello_.reset();
            return problem;
        }
        fates.add(Fate::inspected, chunk.data.size());
        return problem;
    }
    const Fate fate = midstream_ ? Fate::midstream : Fate::no_key;
    fates.add(fate, chunk.data.size());
    if (gap || tls_bytes_[index(Direction::to_client)] > tools_->limits.tls_start_bytes_max) {
        opaque_ = fate;
        hello_.reset();
    }
    return no_problem;
}

Problem Layer::push_plain(const StreamChunk& chunk, Surroundings& around, Fates& fates,
                          Batch<Sighting>& out) {
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
            problem = problem.or_else(push_tunnelled(*piece, around, fates, out));
            continue;
        }
        if (const auto* head = std::get_if<http::Head>(&item);
            head != nullptr && head->is_request && head->method == "CONNECT") {
            tunnel_authority_ = head->target;
        }
        problem = problem.or_else(dialogue_.push(std::move(item), around, out));
    }
    if (connection_->deaf() && !inner_) {
        opaque_ =
            connection_->speech() == http::Speech::http_2 ? Fate::unsupported : of_no_interest;
    }
    return problem;
}

/// The bytes were counted as inspected by the layer around; what this one cannot see is moved.
Problem Layer::push_tunnelled(const http::Tunnelled& piece, const Surroundings& around,
                              Fates& fates, Batch<Sighting>& out) {
    if (!inner_) {
        if (depth_ >= tools_->limits.tunnels_max) {
            fates.move(Fate::budget, piece.chunk.data.size());
            return Problem{"tunnel.too_deep"};
        }
        inner_ = std::make_unique<Layer>(
            *tools_, number_ | static_cast<std::uint64_t>(depth_ + 1) << 56, depth_ + 1, false);
        inner_around_ = std::make_unique<Surroundings>(around);
        inner_around_->connection = number_ | static_cast<std::uint64_t>(depth_ + 1) << 56;
        inner_around_->proxy = inventory::Proxy{around.flow->server, "connect"};
        inner_around_->tunnel_authority = tunnel_authority_;
        inner_around_->reversed = false;
    }
    inner_around_->flow = around.flow;
    StreamChunk chunk = piece.chunk;
    if (around.reversed) chunk.direction = flow::opposite(chunk.direction);
    Fates counted;
    const Problem problem = inner_->push(chunk, *inner_around_, counted, out);
    fates.refine(counted);
    if (inner_->opaque()) opaque_ = inner_->opaque();
    return problem;
}

void Layer::finish(const Surroundings& around, Time time, std::uint64_t packet_number,
                   Batch<Sighting>& out) {
    if (inner_) inner_->finish(*inner_around_, time, packet_number, out);
    dialogue_.finish(around, time, packet_number, out);
}

}  // namespace umbratap::engine
