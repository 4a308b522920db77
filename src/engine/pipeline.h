// The journey of a packet through one worker: flow, TCP, layers, sightings. Read pipeline.cpp.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/batch.h"
#include "base/digest.h"
#include "dns/message.h"
#include "engine/counts.h"
#include "engine/layer.h"
#include "engine/tools.h"
#include "engine/unwrapper.h"
#include "flow/table.h"
#include "flow/tcp_stream.h"
#include "inventory/sighting.h"
#include "tls/quic_initial.h"

namespace umbratap::engine {

/// All that is remembered of a flow that is still of interest. A shunted flow has none.
struct Conversation {
    Conversation(Tools& tools, bool midstream)
        : tcp(tools.limits.tcp, tools.budget), layer(tools, 0, midstream) {
        around.connection = tools.next_connection();
    }
    void know(std::shared_ptr<inventory::Flow> known) {
        flow = std::move(known);
        around.flow = flow;
    }

    flow::TcpStream tcp;
    Layer layer;
    Surroundings around;
    std::shared_ptr<inventory::Flow> flow;     // around.flow, which gets its ids when it is told of
    std::uint64_t pushed = 0, fated = 0;       // payload bytes that came, and that have a fate
    std::array<flow::TcpCounts, 2> counted{};  // what of TcpStream::counts was taken over already
    std::vector<std::string_view> problems_told;  // the first of a kind is an anomaly
    std::unique_ptr<StreamDigests> digests;       // if stream events are wanted
    std::optional<std::size_t> waiting;           // its place among those that wait for keys
};

/// A QUIC connection, or what may be one, until its ClientHello is complete.
struct QuicOpening {
    explicit QuicOpening(Budget& budget) : reader(budget) {}

    tls::QuicInitialReader reader;
    bool recognised = false;                // by a packet that was opened, or by form and port
    std::optional<flow::Direction> client;  // in which packets were opened
    std::shared_ptr<const inventory::Flow> flow;
    std::vector<std::string_view> problems_told;
};

class Pipeline {
public:
    /// `index` tells this worker's connections from those of others.
    Pipeline(Tools& tools, unsigned index);

    /// Brings into the cache what `push` will need for this packet.
    void expect(const packet::Packet& packet) const noexcept { table_.prefetch(packet); }
    void push(const Placed& placed, Batch<inventory::Sighting>& out);
    /// Packet time has reached `now`: forgets flows that fell idle.
    /// `last_seen` gets one number per sighting: the sequence of the last packet of its flow, by
    /// which several workers' sightings of one tick are put in order.
    void tick(Time now, Batch<inventory::Sighting>& out, Batch<std::uint64_t>& last_seen);
    void finish(Batch<inventory::Sighting>& out, Batch<std::uint64_t>& last_seen);

    /// TLS secrets, in the format of a key log.
    void add_secrets(std::string_view key_log);

    /// The sums so far.
    const Counts& counts() noexcept;

private:
    using Table = flow::Table<Conversation>;
    using Record = Table::Record;

    void push_tcp(Record& record, flow::Direction direction, const packet::Packet& packet,
                  Batch<inventory::Sighting>& out);
    void push_udp(Record& record, flow::Direction direction, const packet::Packet& packet,
                  Batch<inventory::Sighting>& out);
    void push_quic(Record& record, flow::Direction direction, const packet::Packet& packet,
                   Batch<inventory::Sighting>& out);
    void shunt_quic(Record& record, Fate fate);
    void push_dns(Record& record, const packet::Packet& packet, Batch<inventory::Sighting>& out);
    void push_chunks(Record& record, Conversation& conversation, Batch<inventory::Sighting>& out);
    void settle(Conversation& conversation, std::uint64_t delivered);
    void shunt_or_wait(Record& record, Conversation& conversation);
    void wait_for_keys(Record& record, bool waits);
    void retry_keys(Time now, Batch<inventory::Sighting>& out, Batch<std::uint64_t>& last_seen);
    void shunt(Record& record, Conversation& conversation, Fate fate);
    void end(Record& record, const char* reason, Batch<inventory::Sighting>& out);
    void end_all(const char* reason, Batch<inventory::Sighting>& out,
                 Batch<std::uint64_t>& last_seen);
    void note(Record& record, Conversation& conversation, Problem problem, Time time,
              std::uint64_t packet_number, Batch<inventory::Sighting>& out);
    void note(Problem problem, std::vector<std::string_view>& told,
              const std::shared_ptr<const inventory::Flow>& flow, Time time,
              std::uint64_t packet_number, Batch<inventory::Sighting>& out);

    Tools* tools_;
    Counts counts_;
    Table table_;
    std::unordered_map<const Record*, QuicOpening> quic_openings_;
    std::vector<Record*> waiting_;  // for keys
    Batch<flow::StreamChunk> chunks_;
    Batch<Record*> over_;
    dns::Answer answer_;
};

}  // namespace umbratap::engine
