// The journey of a packet through one worker.
//
//     packet ─→ flow::Table ─→ TcpStream ─→ Layer (TLS? HTTP, SSE, lines; CONNECT: again) ─→
//     Dialogue ─→ sightings
//
// Almost all traffic is not MCP, so a flow is *shunted* as soon as its layer says that nothing more
// will be understood: its conversation is freed, and all its further bytes are only counted, under
// the fate that the layer named.
#include "engine/pipeline.h"

#include <algorithm>

#include "engine/flow_names.h"
#include "engine/hello_sightings.h"

namespace umbratap::engine {

using flow::Direction;
using flow::StreamChunk;
using inventory::Sighting;
using packet::Packet;

namespace {

constexpr std::uint16_t dns_port = 53, https_port = 443;

bool on_https_port(const Packet& packet) {
    return packet.source_port == https_port || packet.target_port == https_port;
}

}  // namespace

Pipeline::Pipeline(Tools& tools, unsigned index) : tools_(&tools), table_(tools.limits.table) {
    tools.count_connections_from(static_cast<std::uint64_t>(index) << 40);
}

void Pipeline::push(const Placed& placed, Batch<Sighting>& out) {
    const Packet& packet = placed.packet;
    if (packet.transport != packet::Transport::tcp && packet.transport != packet::Transport::udp) {
        counts_.problems.add(Problem{"ip.transport_not_read"});
        return;
    }
    auto [record, direction, outcome] = table_.find_or_make(packet, placed.sequence);
    if (Record* forgotten = table_.forgotten()) {
        ++counts_.forgotten;
        end(*forgotten, "forgotten", out);
    }
    if (outcome == flow::Found::reused) {
        end(*record, "closed", out);
        record = table_.restart(*record, packet, placed.sequence);
    }
    if (packet.transport == packet::Transport::tcp) {
        push_tcp(*record, direction, packet, out);
    } else {
        push_udp(*record, direction, packet, out);
    }
}

void Pipeline::tick(Time now, Batch<Sighting>& out, Batch<std::uint64_t>& last_seen) {
    retry_keys(now, out, last_seen);
    over_.clear();
    table_.expire(now, over_);
    end_all("timeout", out, last_seen);
    counts_.active_flows = table_.size();
    counts_.memory_bytes = tools_->budget.used();
    counts_.flow_bytes = table_.bytes_used();
    counts_.secret_bytes = tools_->secrets.bytes();
}

void Pipeline::finish(Batch<Sighting>& out, Batch<std::uint64_t>& last_seen) {
    over_.clear();
    counts_.active_flows = table_.size();
    table_.take_all(over_);
    end_all("end", out, last_seen);
}

void Pipeline::end_all(const char* reason, Batch<Sighting>& out, Batch<std::uint64_t>& last_seen) {
    for (Record* record : over_) {
        end(*record, record->ended ? "closed" : reason, out);
        last_seen.resize(out.size(), record->last_sequence);
    }
}

void Pipeline::push_tcp(Record& record, Direction direction, const Packet& packet,
                        Batch<Sighting>& out) {
    const std::uint64_t length = packet.payload_length();
    counts_.tcp_payload += length;
    if (record.shunted) {
        counts_.fates.add(static_cast<Fate>(record.fate), length);
        return;
    }
    if (!record.value) {
        record.value = std::make_unique<Conversation>(*tools_, !record.syn_seen);
        if (tools_->wanted.streams) record.value->digests = std::make_unique<StreamDigests>();
    }
    Conversation& conversation = *record.value;
    conversation.pushed += length;
    chunks_.clear();
    const Problem problem = conversation.tcp.push(packet, direction, chunks_);
    push_chunks(record, conversation, out);
    if (problem && record.value)
        note(record, conversation, problem, packet.time, packet.number, out);
    if (record.value && conversation.tcp.closed() && !record.ended) table_.close(record);
}

/// What became known in order goes through the layers; what nobody will understand is shunted.
void Pipeline::push_chunks(Record& record, Conversation& conversation, Batch<Sighting>& out) {
    std::uint64_t delivered = 0;
    for (const StreamChunk& chunk : chunks_) {
        if (!chunk.alternate) delivered += chunk.data.size();
        if (chunk.missing > 0) {
            ++counts_.gaps;
            counts_.problems.add(Problem{"tcp.hole"});
        }
        if (conversation.digests) conversation.digests->add(chunk);
        if (!conversation.flow) conversation.know(flow_of(record, false));
        const bool reversed = conversation.around.reversed;
        const std::size_t told = out.size();
        const Problem problem =
            conversation.layer.push(chunk, conversation.around, counts_.fates, out);
        if (out.size() > told) name(*conversation.flow);
        if (conversation.around.reversed != reversed)
            conversation.know(flow_of(record, conversation.around.reversed));
        if (problem) note(record, conversation, problem, chunk.time, chunk.packet_number, out);
    }
    settle(conversation, delivered);
    shunt_or_wait(record, conversation);
}

/// The reassembled bytes are wanted to the end, whoever understands them.
void Pipeline::shunt_or_wait(Record& record, Conversation& conversation) {
    if (const auto fate = conversation.layer.opaque(); fate && !tools_->wanted.streams) {
        shunt(record, conversation, *fate);
    } else {
        wait_for_keys(record, conversation.layer.waits());
    }
}

/// Enters a conversation among those that wait, or takes it out.
void Pipeline::wait_for_keys(Record& record, bool waits) {
    std::optional<std::size_t>& place = record.value->waiting;
    if (waits == place.has_value()) return;
    if (waits) {
        place = waiting_.size();
        waiting_.push_back(&record);
        return;
    }
    waiting_.back()->value->waiting = *place;
    waiting_[*place] = waiting_.back();
    waiting_.pop_back();
    place.reset();
}

void Pipeline::retry_keys(Time now, Batch<Sighting>& out, Batch<std::uint64_t>& last_seen) {
    const std::vector<Record*> waiting = waiting_;
    for (Record* record : waiting) {
        Conversation& conversation = *record->value;
        const std::size_t told = out.size();
        const Problem problem =
            conversation.layer.retry(now, conversation.around, counts_.fates, out);
        if (out.size() > told) name(*conversation.flow);
        if (problem) {
            note(*record, conversation, problem, record->last_time, record->last_packet_number,
                 out);
        }
        last_seen.resize(out.size(), record->last_sequence);
        shunt_or_wait(*record, conversation);
    }
}

void Pipeline::add_secrets(std::string_view key_log) {
    const std::uint64_t late = tools_->secrets.counts().late;
    tools_->secrets.add(key_log);
    for (std::uint64_t i = late; i < tools_->secrets.counts().late; ++i)
        counts_.problems.add(Problem{"tls.keys_late"});
}

const Counts& Pipeline::counts() noexcept {
    counts_.tls = tools_->tls_counts;
    counts_.secrets = tools_->secrets.counts();
    counts_.http_exchanges = tools_->exchange_counts;
    return counts_;
}

/// Gives a fate to the payload bytes that were not handed on; the layer gave one to the others.
void Pipeline::settle(Conversation& conversation, std::uint64_t delivered) {
    conversation.fated += delivered;
    for (const Direction direction : {Direction::to_server, Direction::to_client}) {
        const flow::TcpCounts& now = conversation.tcp.counts(direction);
        flow::TcpCounts& before = conversation.counted[index(direction)];
        const std::uint64_t again =
            now.duplicate - before.duplicate + now.conflicting - before.conflicting;
        const std::uint64_t discarded = now.discarded - before.discarded;
        const std::uint64_t not_captured = now.not_captured - before.not_captured;
        counts_.fates.add(Fate::inspected, again);  // held against what came first
        counts_.fates.add(Fate::shunted, discarded);
        counts_.fates.add(Fate::truncated, not_captured);
        counts_.bad_checksums += now.bad_checksums - before.bad_checksums;
        counts_.ignored_checksums += now.ignored_checksums - before.ignored_checksums;
        conversation.fated += again + discarded + not_captured;
        before = now;
    }
}

void Pipeline::shunt(Record& record, Conversation& conversation, Fate fate) {
    wait_for_keys(record, false);
    if (conversation.layer.foreign() && fate == Fate::shunted)
        counts_.problems.add(Problem{"flow.protocol_not_read"});
    counts_.fates.add(fate,
                      conversation.pushed - conversation.fated);  // early bytes that still waited
    record.shunted = true;
    record.fate = static_cast<std::uint8_t>(fate);
    record.value.reset();
}

void Pipeline::push_udp(Record& record, Direction direction, const Packet& packet,
                        Batch<Sighting>& out) {
    if (record.shunted) {
        counts_.quic_payload += packet.payload_length();
        counts_.fates.add(static_cast<Fate>(record.fate), packet.payload_length());
    } else if (tls::looks_like_quic(packet.payload()) || quic_openings_.contains(&record)) {
        push_quic(record, direction, packet, out);
    } else if (packet.source_port == dns_port) {
        push_dns(record, packet, out);
    } else {
        counts_.problems.add(Problem{"udp.not_read"});
    }
}

/// On any port a packet proves by its tag that it is QUIC; on that of HTTPS its form is enough.
/// What has neither is counted as UDP that nobody reads.
void Pipeline::push_quic(Record& record, Direction direction, const Packet& packet,
                         Batch<Sighting>& out) {
    QuicOpening& opening = quic_openings_.try_emplace(&record, tools_->budget).first->second;
    const std::uint64_t opened_before = opening.reader.opened_bytes();
    Problem problem;
    if (!opening.client || *opening.client == direction)
        problem = opening.reader.push(packet.payload());
    const std::uint64_t opened = opening.reader.opened_bytes() - opened_before;
    if (opened > 0 && !opening.client) {
        opening.client = direction;
        opening.flow = named_flow_of(record, direction == Direction::to_client);
    }
    if (!opening.recognised && (opened > 0 || on_https_port(packet))) {
        opening.recognised = true;
        ++counts_.quic_flows;
    }
    if (!opening.recognised) {
        counts_.problems.add(Problem{"udp.not_read"});
        return;
    }
    counts_.quic_payload += packet.payload_length();
    counts_.fates.add(Fate::inspected, opened);
    counts_.fates.add(Fate::quic, packet.payload_length() - opened);
    if (problem)
        note(problem, opening.problems_told, opening.flow, packet.time, packet.number, out);
    if (opening.reader.state() == tls::QuicInitialReader::State::reading) return;
    Fate fate = Fate::quic;
    if (opening.reader.state() == tls::QuicInitialReader::State::done) {
        const tls::Hello& hello = opening.reader.hello();
        const HelloPlace place{opening.flow, packet.time, packet.number};
        out.emplace_back(handshake_of(hello, place));
        tell_name(hello.server_name, "quic", place, tools_->rules->names, out);
        // Browsers send an ECH extension that means nothing; where a name is, that is no reason.
        if (hello.encrypted_client_hello && hello.server_name.empty()) fate = Fate::ech;
    }
    shunt_quic(record, fate);
}

void Pipeline::shunt_quic(Record& record, Fate fate) {
    if (fate == Fate::ech) ++tools_->tls_counts.ech;
    record.shunted = true;
    record.fate = static_cast<std::uint8_t>(fate);
    quic_openings_.erase(&record);
}

void Pipeline::push_dns(Record& record, const Packet& packet, Batch<Sighting>& out) {
    answer_ = {};
    if (const Problem problem = dns::decode(packet.payload(), answer_))
        counts_.problems.add(problem);
    if (answer_.question.empty()) return;
    if (const auto match = tools_->rules->names.find(answer_.question)) {
        out.emplace_back(inventory::NameSighting{named_flow_of(record, false), packet.time,
                                                 packet.number, answer_.question, "dns",
                                                 match->rule, match->vendor, match->severity});
    }
}

void Pipeline::note(Record& record, Conversation& conversation, Problem problem, Time time,
                    std::uint64_t packet_number, Batch<Sighting>& out) {
    if (!conversation.flow) conversation.know(flow_of(record, false));
    name(*conversation.flow);
    note(problem, conversation.problems_told, conversation.flow, time, packet_number, out);
}

/// Counts a problem; the first of its kind in a flow is an anomaly.
void Pipeline::note(Problem problem, std::vector<std::string_view>& told,
                    const std::shared_ptr<const inventory::Flow>& flow, Time time,
                    std::uint64_t packet_number, Batch<Sighting>& out) {
    counts_.problems.add(problem);
    if (std::find(told.begin(), told.end(), problem.name()) != told.end()) return;
    told.push_back(problem.name());
    out.emplace_back(inventory::AnomalySighting{flow, time, packet_number, problem});
}

/// A flow is over: what still waited is walked, and all is told.
void Pipeline::end(Record& record, const char* reason, Batch<Sighting>& out) {
    (record.key.transport == packet::Transport::tcp ? counts_.tcp_flows : counts_.udp_flows) += 1;
    quic_openings_.erase(&record);
    if (record.key.transport == packet::Transport::tcp) {
        if (!record.client_seen || !record.server_seen) ++counts_.one_direction;
        if (!record.syn_seen) ++counts_.midstream;
    }
    std::optional<std::array<inventory::StreamDirection, 2>> stream, decrypted;
    if (record.value) {
        Conversation& conversation = *record.value;
        chunks_.clear();
        conversation.tcp.finish(chunks_);
        push_chunks(record, conversation, out);
    }
    std::shared_ptr<inventory::Flow> flow;
    if (record.value) {
        Conversation& conversation = *record.value;
        const std::size_t told = out.size();
        if (!conversation.flow) conversation.know(flow_of(record, false));
        const Problem problem = conversation.layer.finish(
            conversation.around, record.last_time, record.last_packet_number, counts_.fates, out);
        if (problem) {
            note(record, conversation, problem, record.last_time, record.last_packet_number, out);
        }
        if (out.size() > told) name(*conversation.flow);
        counts_.fates.add(Fate::gap, conversation.pushed - conversation.fated);
        flow = conversation.flow;
        if (conversation.digests) stream = conversation.digests->finish();
        if (StreamDigests* inside = conversation.layer.decrypted()) decrypted = inside->finish();
        wait_for_keys(record, false);
        if (conversation.layer.unclear()) counts_.problems.add(Problem{"flow.protocol_unclear"});
        if (const auto fate = conversation.layer.opaque()) shunt(record, conversation, *fate);
    }
    if (!tools_->wanted.flows) return;
    inventory::FlowSighting sighting;
    if (!flow) flow = flow_of(record, false);
    name(*flow);
    sighting.flow = flow;
    sighting.time = record.last_time;
    sighting.packet_number = record.last_packet_number;
    for (const std::size_t i : {0, 1}) {
        sighting.packets[i] = record.packets[i];
        sighting.bytes[i] = record.bytes[i];
    }
    sighting.reason = reason;
    sighting.stream = stream;
    sighting.decrypted = decrypted;
    out.emplace_back(std::move(sighting));
}

}  // namespace umbratap::engine
