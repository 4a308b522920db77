// SOCKS 5 (RFC 1928, with the passwords of RFC 1929) and SOCKS 4 and 4a: where a tunnel leads, and
// where the bytes inside begin.
//
//     client                                          server
//     5 | methods 1+n                        ─→
//                                            ←─       5 | method
//     1 | user name 1+n | password 1+n       ─→                          if the method is 2
//                                            ←─       1 | status
//     5 | command | 0 | address | port 2     ─→
//                                            ←─       5 | reply | 0 | address | port 2
//     then what is inside                  ←───→
//
//     4 | command | port 2 | IPv4 4 | user, 0 | host, 0 if 4a    ─→
//                                            ←─       0 | reply | 6 bytes
//
// Each direction is read on its own, so that one of them is enough, and none waits for the other.
// Of user names and passwords nothing is kept.
#pragma once

#include <array>
#include <string>

#include "base/batch.h"
#include "base/buffer.h"
#include "base/problem.h"
#include "flow/stream_chunk.h"

namespace umbratap::proxy {

/// True if `start`, the first bytes of a direction, can begin SOCKS. Two bytes decide.
bool looks_like_socks(Bytes start, flow::Direction direction) noexcept;

class Socks {
public:
    explicit Socks(Budget& budget) noexcept : sides_{Side(budget), Side(budget)} {}

    enum class State : std::uint8_t {
        following,
        refused,   ///< the server said no
        not_read,  ///< another command than CONNECT, or a method that wraps what follows
        broken,    ///< no SOCKS after all
        lost,      ///< bytes of the handshake are missing
        no_budget,
    };
    /// Takes the next chunk of either direction; appends what of it lies inside the tunnel. Nothing
    /// more comes once the state is not `following`.
    ///
    /// socks.command_not_read, socks.method_not_read: not_read. socks.bad_message: broken, where
    /// both sides had begun as SOCKS does; else that is no problem. socks.gap_in_handshake: lost.
    /// socks.budget_used_up: no_budget.
    Problem push(const flow::StreamChunk& chunk, Batch<flow::StreamChunk>& inside) noexcept;

    State state() const noexcept { return state_; }
    int version() const noexcept { return version_; }  ///< 4 or 5; 0 until it is known
    /// Where the tunnel leads, "host:port"; empty until the client said it. In a host name, what no
    /// name holds is written as \DDD.
    const std::string& authority() const noexcept { return authority_; }

    static constexpr std::size_t handshake_bytes_max =
        1100;  ///< of either side; 1032 can be needed

private:
    struct Side {
        explicit Side(Budget& budget) noexcept : start(budget) {}
        Buffer start;  // the handshake as far as it came
        std::uint64_t inside_at = 0;
        bool greeted = false;  // its first message was sound
        bool inside = false;   // the handshake is over
    };
    /// Where a message ends: `end`, or more bytes are needed (0), or it cannot be read.
    struct Reading {
        std::size_t end = 0;
        State state = State::following;
        Problem problem;
    };
    Problem push_handshake(Side& side, const flow::StreamChunk& chunk,
                           Batch<flow::StreamChunk>& inside) noexcept;
    Reading read_client(Bytes start) noexcept;
    Reading read_client_4(Bytes start) noexcept;
    Reading read_request(Bytes start, std::size_t at) noexcept;
    Reading read_server(Bytes start) noexcept;
    Reading broken() const noexcept;
    Problem end(State state, Problem problem) noexcept;

    std::array<Side, 2> sides_;
    std::string authority_;
    State state_ = State::following;
    std::uint8_t version_ = 0;
};

}  // namespace umbratap::proxy
