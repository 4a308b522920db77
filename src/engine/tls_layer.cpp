// TLS around a connection.
//
// The session accounts for raw bytes in sums that may still move: what waits for keys becomes
// opened or blind. So after each push the sums are held against those of before, and the difference
// is what the fates get.
#include "engine/tls_layer.h"

#include "engine/hello_sightings.h"
#include "tls/suite_names.h"

namespace umbratap::engine {

using flow::StreamChunk;
using inventory::Sighting;
using tls::Closed;
using State = tls::Session::State;

namespace {

Fate fate_of(Closed reason) noexcept {
    switch (reason) {
        case Closed::open:
        case Closed::no_key:
            return Fate::no_key;
        case Closed::ech:
            return Fate::ech;
        case Closed::unsupported:
            return Fate::unsupported;
        case Closed::midstream:
            return Fate::midstream;
        case Closed::gap:
            return Fate::gap;
        case Closed::budget:
            return Fate::budget;
    }
    return Fate::no_key;
}

}  // namespace

TlsLayer::TlsLayer(Tools& tools, int depth)
    : tools_(&tools),
      session_(tools.limits.tls, tools.budget, tools.secrets, tools.workspace(depth)) {
    if (tools.rhythms >= tools.limits.rhythms_max) {
        ++tools.tls_counts.rhythms_left_out;
        return;
    }
    ++tools.rhythms;
    rhythm_ = std::make_unique<tls::Rhythm>();
}

TlsLayer::~TlsLayer() {
    forget_rhythm();
}

void TlsLayer::forget_rhythm() noexcept {
    if (rhythm_) --tools_->rhythms;
    rhythm_.reset();
}

Problem TlsLayer::push(const StreamChunk& chunk, Surroundings& around, Fates& fates,
                       Batch<StreamChunk>& inside, Batch<Sighting>& out) {
    if (chunk.alternate) return no_problem;
    time_ = chunk.time;
    packet_number_ = chunk.packet_number;
    const std::size_t before = inside.size();
    const Problem problem = session_.push(chunk, inside);
    if (rhythm_) rhythm_->push(chunk);
    const Problem settled = settle(problem, around, fates, inside.size() > before, out);
    tell_rhythm(around, false, out);
    return settled;
}

Problem TlsLayer::retry(Time now, Surroundings& around, Fates& fates, Batch<StreamChunk>& inside,
                        Batch<Sighting>& out) {
    const std::size_t before = inside.size();
    const Problem problem = session_.retry(now, inside);
    if (rhythm_) rhythm_->tick(now);
    const Problem settled = settle(problem, around, fates, inside.size() > before, out);
    tell_rhythm(around, false, out);
    return settled;
}

Problem TlsLayer::finish(Time now, Surroundings& around, Fates& fates, Batch<StreamChunk>& inside,
                         Batch<Sighting>& out) {
    const std::size_t before = inside.size();
    const Problem problem = session_.finish(now, inside);
    const Problem settled = settle(problem, around, fates, inside.size() > before, out);
    tell_rhythm(around, true, out);
    return settled;
}

std::optional<Fate> TlsLayer::opaque() const noexcept {
    if (session_.state() != State::closed || rhythm_) return {};
    return fate_of(session_.closed());
}

void TlsLayer::abandon(Fate fate, Fates& fates) {
    count_outcome();
    // What waits for keys has its fate; the beginning of a record was taken for inspected.
    if (!waits_for_keys()) fates.move(fate, session_.accounts().waiting);
}

Problem TlsLayer::settle(Problem problem, Surroundings& around, Fates& fates, bool opened,
                         Batch<Sighting>& out) {
    const tls::Accounts accounts = session_.accounts();
    Mapped now{};
    const auto add = [&](Fate fate, std::uint64_t bytes) {
        now[static_cast<std::size_t>(fate)] += bytes;
    };
    add(Fate::inspected, accounts.opened);
    // A record that has not come whole yet is at hand; what waits for keys is not.
    add(waits_for_keys() ? Fate::no_key : Fate::inspected, accounts.waiting);
    add(Fate::no_key, accounts.no_key);
    add(Fate::ech, accounts.ech);
    add(Fate::unsupported, accounts.unsupported);
    add(Fate::midstream, accounts.midstream);
    add(Fate::gap, accounts.gap);
    add(Fate::budget, accounts.budget);
    for (std::size_t i = 0; i < now.size(); ++i)
        fates.add(static_cast<Fate>(i), now[i] - settled_[i]);  // modulo 2^64: sums may shrink
    settled_ = now;
    tell_name(around, out);
    tell_handshake(around, opened, out);
    if (session_.state() == State::opened || session_.state() == State::closed) count_outcome();
    return problem;
}

void TlsLayer::tell_name(const Surroundings& around, Batch<Sighting>& out) {
    const tls::Handshake& handshake = session_.handshake();
    if (name_told_ || !handshake.has_client) return;
    name_told_ = true;
    engine::tell_name(handshake.client.server_name, "tls", {around.flow, time_, packet_number_},
                      tools_->rules->names, out);
}

/// Once both sides have said what they will say, as far as we can hear it.
void TlsLayer::tell_handshake(Surroundings& around, bool all_said, Batch<Sighting>& out) {
    const tls::Handshake& handshake = session_.handshake();
    all_said = all_said || handshake.has_certificate || handshake.resumed ||
               session_.state() == State::closed;
    if (handshake_told_ || !handshake.has_client || !all_said) return;
    handshake_told_ = true;
    inventory::TlsSighting sighting =
        handshake_of(handshake.client, {around.flow, time_, packet_number_});
    if (handshake.has_server) sighting.version = tls_version_name(handshake.version);
    sighting.cipher_suite = tls::find_suite_name(handshake.cipher_suite);
    sighting.ja3s = handshake.ja3s;
    sighting.protocol = handshake.protocol;
    sighting.certificate_subject = handshake.certificate_subject;
    sighting.certificate_issuer = handshake.certificate_issuer;
    sighting.certificate_names = handshake.certificate_names;
    sighting.resumed = handshake.resumed;
    around.tls = {sighting.version, sighting.server_name, sighting.certificate_names};
    out.emplace_back(std::move(sighting));
    if (session_.state() == State::opened) session_.forget_handshake();
}

/// What the sizes of the first records were, once the connection is known to stay closed.
void TlsLayer::tell_rhythm(const Surroundings& around, bool at_end, Batch<Sighting>& out) {
    if (!rhythm_) return;
    if (session_.state() == State::opened) return forget_rhythm();
    if (session_.state() != State::closed || (!rhythm_->over() && !at_end)) return;
    const tls::Handshake& handshake = session_.handshake();
    if (!rhythm_->turns().empty() && handshake.has_client) {
        inventory::RhythmSighting sighting;
        sighting.flow = around.flow;
        sighting.time = time_;
        sighting.packet_number = packet_number_;
        sighting.server_name = handshake.client.server_name;
        sighting.fingerprint = handshake.client.ja4;
        sighting.protocols = handshake.client.protocols;
        sighting.long_lived = rhythm_->long_lived();
        for (const tls::Turn& turn : rhythm_->turns())
            sighting.turns.push_back({turn, rhythm_->http2()});
        out.emplace_back(std::move(sighting));
    }
    forget_rhythm();
}

/// What became of the connection, for `umbratap keys status` and the metrics.
void TlsLayer::count_outcome() {
    if (counted_) return;
    counted_ = true;
    TlsCounts& counts = tools_->tls_counts;
    if (session_.state() == State::opened) {
        ++counts.decrypted;
        return;
    }
    switch (session_.closed()) {
        case Closed::open:
        case Closed::no_key:
            ++counts.no_key;
            ++counts.why_no_key[static_cast<std::size_t>(session_.why_no_key())];
            counts.labels_missing |= session_.labels_missing();
            break;
        case Closed::ech:
            ++counts.ech;
            break;
        case Closed::unsupported:
            ++counts.unsupported;
            break;
        case Closed::midstream:
            ++counts.midstream;
            break;
        case Closed::gap:
        case Closed::budget:
            ++counts.broken;
            break;
    }
}

}  // namespace umbratap::engine
