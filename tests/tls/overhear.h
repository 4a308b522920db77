// A session that overhears a connection, and what came out as text that can be compared.
#pragma once

#include <string>
#include <vector>

#include "base/digest.h"
#include "tls/real_connection.h"
#include "tls/session.h"

namespace umbratap::tls::test {

/// Chunks of these bytes; `packet_number` counts them, time stands still.
inline std::vector<flow::StreamChunk> chunks_of(const std::vector<Flight>& flights) {
    std::vector<flow::StreamChunk> chunks;
    std::uint64_t offsets[2] = {};
    for (const Flight& flight : flights) {
        flow::StreamChunk chunk;
        chunk.direction = flight.direction;
        chunk.data = as_bytes(flight.bytes);
        chunk.packet_number = chunks.size() + 1;
        chunk.offset = offsets[flow::index(flight.direction)];
        offsets[flow::index(flight.direction)] += flight.bytes.size();
        chunks.push_back(chunk);
    }
    return chunks;
}

/// Everything around a session that must outlive it.
struct Listener {
    explicit Listener(std::string_view key_log = {}, const SessionLimits& of = {}) : limits(of) {
        secrets.add(key_log);
        begin();
    }
    void begin() { session = std::make_unique<Session>(limits, budget, secrets, workspace); }

    Listener& push(const flow::StreamChunk& chunk) {
        pushed += chunk.data.size();
        problem = problem.or_else(session->push(chunk, out));
        drain();
        return *this;
    }
    Listener& push(const std::vector<flow::StreamChunk>& chunks) {
        for (const flow::StreamChunk& chunk : chunks) push(chunk);
        return *this;
    }
    Listener& push(const std::vector<Flight>& flights) { return push(chunks_of(flights)); }
    Listener& retry(Time now = {}) {
        problem = problem.or_else(session->retry(now, out));
        drain();
        return *this;
    }
    Listener& finish(Time now = {}) {
        problem = problem.or_else(session->finish(now, out));
        drain();
        return *this;
    }
    /// Both streams, holes as "[n]", ends as "|"; adds what is wrong with them.
    void drain() {
        for (const flow::StreamChunk& chunk : out) {
            const std::size_t side = flow::index(chunk.direction);
            if (chunk.offset != offset[side]) text[side] += "<wrong offset>";
            if (ended[side]) text[side] += "<after the end>";
            offset[side] += chunk.data.size() + chunk.missing;
            text[side] += as_text(chunk.data);
            if (chunk.missing > 0) text[side] += "[" + std::to_string(chunk.missing) + "]";
            if (chunk.end) text[side] += "|";
            ended[side] = chunk.end;
            order += std::string(chunk.direction == Direction::to_server ? ">" : "<");
        }
        out.clear();
        const Accounts a = session->accounts();
        const std::uint64_t sum = a.opened + a.waiting + a.no_key + a.ech + a.unsupported +
                                  a.midstream + a.gap + a.budget;
        if (sum != pushed) text[0] += "<accounts do not add up>";
    }
    std::string seen() const { return text[0] + "\n" + text[1]; }

    SessionLimits limits;
    Budget budget{64 << 20};
    Secrets secrets;
    Workspace workspace{budget};
    std::unique_ptr<Session> session;
    Batch<flow::StreamChunk> out;
    Problem problem;
    std::uint64_t pushed = 0;
    std::string text[2];
    std::uint64_t offset[2] = {};
    bool ended[2] = {};
    std::string order;
};

}  // namespace umbratap::tls::test
