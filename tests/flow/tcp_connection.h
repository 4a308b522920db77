// One TCP connection in a test: say what is sent, look at what came out.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "flow/tcp_stream.h"
#include "support/packet_builder.h"

namespace umbratap::test {

using flow::Direction;
inline constexpr Direction up = Direction::to_server, down = Direction::to_client;
namespace flag = packet::tcp_flag;

/// What came out of one direction.
struct Heard {
    std::string bytes;  ///< of chunks that are no alternate
    std::string shape;  ///< the same with [n] for a hole and $ for the end
    std::vector<std::string> alternates;
    std::uint64_t missing = 0;
    int ends = 0;
};

struct Sent {
    Direction direction = up;
    std::uint32_t sequence = 0;
    std::string_view payload{};
    std::uint8_t flags = flag::ack;
    std::uint32_t acknowledgement = 0;
    Duration time = Duration::zero();  ///< 0: a millisecond after the last
    bool right_checksum = true;
    std::uint32_t captured_max = 0xffffffff;
    std::uint16_t window = 65535;
    Octets options{};
};

class Connection {
public:
    explicit Connection(flow::TcpLimits limits = {}, std::uint64_t budget_max = 1 << 30)
        : limits_(limits), budget_(budget_max), stream_(limits_, budget_) {}

    /// Returns the name of the problem; empty if there was none.
    std::string send(const Sent& sent) {
        time_ = sent.time != Duration::zero() ? sent.time : time_ + std::chrono::milliseconds(1);
        TcpSegment segment;
        segment.source = sent.direction == up ? "10.0.0.1" : "10.0.0.2";
        segment.target = sent.direction == up ? "10.0.0.2" : "10.0.0.1";
        segment.header.source_port = sent.direction == up ? 40000 : 80;
        segment.header.target_port = sent.direction == up ? 80 : 40000;
        segment.header.sequence = sent.sequence;
        segment.header.acknowledgement = sent.acknowledgement;
        segment.header.flags = sent.flags;
        segment.header.window = sent.window;
        segment.header.options = sent.options;
        segment.payload = sent.payload;
        segment.number = ++number_;
        segment.time = time_;
        segment.right_checksum = sent.right_checksum;
        segment.captured_max = sent.captured_max;
        const OwnedPacket packet = tcp_packet(segment);
        pushed_[flow::index(sent.direction)] += sent.payload.size();
        chunks_.clear();
        const Problem problem = stream_.push(packet.packet, sent.direction, chunks_);
        listen();
        if (problem) problems_.emplace_back(problem.name());
        return std::string(problem.name());
    }

    /// SYN, SYN-ACK, ACK: the first byte of the client has number 1001, that of the server 5001.
    void shake_hands(std::uint32_t client = 1001, std::uint32_t server = 5001) {
        send({.direction = up, .sequence = client - 1, .flags = flag::syn});
        send({.direction = down,
              .sequence = server - 1,
              .flags = flag::syn | flag::ack,
              .acknowledgement = client});
        send({.direction = up, .sequence = client, .acknowledgement = server});
    }

    void finish() {
        chunks_.clear();
        stream_.finish(chunks_);
        listen();
    }

    const Heard& heard(Direction direction) const { return heard_[flow::index(direction)]; }
    const flow::TcpCounts& counts(Direction direction) const { return stream_.counts(direction); }
    const std::vector<std::string>& problems() const { return problems_; }
    flow::TcpStream& stream() { return stream_; }
    Budget& budget() { return budget_; }

    /// Every byte that was pushed is exactly one thing. Empty if so.
    std::string balance() const {
        for (const Direction direction : {up, down}) {
            const flow::TcpCounts& c = counts(direction);
            const std::uint64_t sum = heard(direction).bytes.size() + c.duplicate + c.conflicting +
                                      c.discarded + c.not_captured + c.waiting;
            if (sum != pushed_[flow::index(direction)]) {
                return "pushed " + std::to_string(pushed_[flow::index(direction)]) + ", found " +
                       std::to_string(sum);
            }
            if (c.missing != heard(direction).missing) return "missing";
        }
        return {};
    }

private:
    void listen() {
        for (const flow::StreamChunk& chunk : chunks_) {
            Heard& heard = heard_[flow::index(chunk.direction)];
            if (chunk.alternate) {
                heard.alternates.emplace_back(as_text(chunk.data));
                continue;
            }
            if (chunk.offset != heard.bytes.size() + heard.missing) heard.shape += "<wrong offset>";
            if (heard.ends != 0) heard.shape += "<after end>";
            heard.bytes += as_text(chunk.data);
            heard.shape += as_text(chunk.data);
            heard.missing += chunk.missing;
            if (chunk.missing != 0) heard.shape += "[" + std::to_string(chunk.missing) + "]";
            if (chunk.end) heard.shape += "$";
            heard.ends += chunk.end;
        }
    }

    flow::TcpLimits limits_;
    Budget budget_;
    flow::TcpStream stream_;
    Batch<flow::StreamChunk> chunks_;
    std::array<Heard, 2> heard_;
    std::array<std::uint64_t, 2> pushed_{};
    std::vector<std::string> problems_;
    Duration time_{};
    std::uint64_t number_ = 0;
};

}  // namespace umbratap::test
