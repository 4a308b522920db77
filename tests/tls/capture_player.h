// The TCP connections of a capture, as ordered chunks that own their bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/source.h"
#include "flow/stream_chunk.h"
#include "flow/table.h"
#include "flow/tcp_stream.h"
#include "packet/packet.h"

namespace umbratap::tls::test {

struct OwnedChunk {
    flow::StreamChunk chunk;
    std::vector<std::uint8_t> bytes;

    /// Its data points into it: valid as long as neither moves.
    flow::StreamChunk view() const {
        flow::StreamChunk out = chunk;
        out.data = bytes;
        return out;
    }
};

using Connection = std::vector<OwnedChunk>;

struct Played {
    std::vector<Connection> connections;  ///< in the order of their first packets
    std::string secrets;                  ///< that the capture brought, key log format
};

inline Played play(const std::string& file) {
    struct Value {
        Value(const flow::TcpLimits& limits, Budget& budget, std::size_t of)
            : stream(limits, budget), number(of) {}
        flow::TcpStream stream;
        std::size_t number;
    };
    using Table = flow::Table<Value>;
    Played played;
    Budget budget(1ULL << 30);
    const flow::TcpLimits limits;
    Table table(flow::TableLimits{});
    Batch<flow::StreamChunk> chunks;
    const auto keep = [&](std::size_t number) {
        for (const flow::StreamChunk& chunk : chunks) {
            OwnedChunk owned{chunk, {chunk.data.begin(), chunk.data.end()}};
            owned.chunk.data = {};
            played.connections[number].push_back(std::move(owned));
        }
        chunks.clear();
    };
    const auto end = [&](Table::Record& record) {
        if (!record.value) return;
        record.value->stream.finish(chunks);
        keep(record.value->number);
        record.value.reset();
    };
    const auto source = capture::open_files({.inputs = {file}, .filter = ""});
    Batch<capture::Frame> frames;
    std::uint64_t sequence = 0;
    for (bool more = true; more;) {
        frames.clear();
        more = source->read(frames);
        for (const capture::Frame& frame : frames) {
            packet::Packet packet;
            packet::decode(frame, {}, packet);
            if (packet.transport != packet::Transport::tcp) continue;
            auto [record, direction, outcome] = table.find_or_make(packet, ++sequence);
            if (outcome == flow::Found::reused) {
                end(*record);
                record = table.restart(*record, packet, sequence);
            }
            if (!record->value) {
                record->value = std::make_unique<Value>(limits, budget, played.connections.size());
                played.connections.emplace_back();
            }
            record->value->stream.push(packet, direction, chunks);
            keep(record->value->number);
        }
        for (const std::string& secret : source->take_secrets()) played.secrets += secret + "\n";
    }
    Batch<Table::Record*> all;
    table.take_all(all);
    for (Table::Record* record : all) end(*record);
    return played;
}

}  // namespace umbratap::tls::test
