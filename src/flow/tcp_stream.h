// Puts the segments of one TCP connection in order, both directions.
//
// A hole is a fact (StreamChunk::missing), never text in the stream. The first arrival wins where
// segments overlap; a conflicting overlap is a Problem, and the other reading is handed on as
// chunks marked `alternate`, up to a budget. See tcp_stream.cpp for the rules on holes, RST and
// FIN, checksums and midstream starts.
#pragma once

#include <cstdint>
#include <memory>

#include "base/batch.h"
#include "base/buffer.h"
#include "base/problem.h"
#include "flow/stream_chunk.h"
#include "flow/tcp_limits.h"
#include "packet/packet.h"

namespace umbratap::flow {

class TcpStream {
public:
    /// Both must outlive it.
    TcpStream(const TcpLimits& limits, Budget& budget) noexcept;
    TcpStream(const TcpLimits&& limits, Budget& budget) = delete;
    ~TcpStream();
    TcpStream(TcpStream&&) noexcept;
    TcpStream& operator=(TcpStream&&) noexcept;

    /// Takes one segment that went in `direction`; appends what became known, in order, for either
    /// direction. Each direction gets one `end`: at its FIN, or by finish().
    ///
    /// tcp.bad_checksum, tcp.outside_window, tcp.reset_outside_window, tcp.syn_in_stream,
    /// tcp.data_after_end: the segment, or what of it lies there, was not taken.
    /// tcp.conflicting_overlap: what came first stays. tcp.conflicting_end: a FIN that disagrees
    /// with other segments was ignored. tcp.other_initial_sequence: SYN again with another one.
    /// tcp.too_many_early_bytes, tcp.too_many_early_segments, tcp.budget_used_up: a hole was given
    /// up for it.
    Problem push(const packet::Packet& packet, Direction direction,
                 Batch<StreamChunk>& out) noexcept;

    /// No more segments will come: gives up all holes and ends both directions.
    void finish(Batch<StreamChunk>& out) noexcept;

    /// Both directions ended, or one reset the connection. What comes nevertheless is still taken,
    /// and named: go on pushing for a while, since a RST need not have reached anyone.
    bool closed() const noexcept;
    bool midstream() const noexcept;  ///< the SYN of neither direction was seen
    const TcpCounts& counts(Direction direction) const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::flow
