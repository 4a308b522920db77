// Frames become whole packets: wrappers off, fragments put together. Sees all frames, in order;
// remembers fragments only.
#pragma once

#include "base/batch.h"
#include "capture/frame.h"
#include "engine/counts.h"
#include "engine/tools.h"

namespace umbratap::engine {

/// A packet and its place in the run.
struct Placed {
    packet::Packet packet;
    std::uint64_t sequence = 0;  ///< of the frame that completed it, from 1 over all inputs
};

class Unwrapper {
public:
    explicit Unwrapper(const Limits& limits) : limits_(&limits), fragments_(limits.fragments) {}

    /// Appends the packet in `frame`, if it holds a whole one. Views live as long as the frame's,
    /// or until the next push where fragments were put together.
    void push(const capture::Frame& frame, std::uint64_t sequence, Counts& counts,
              Batch<Placed>& out);

private:
    const Limits* limits_;
    flow::Fragments fragments_;
    Batch<Bytes> datagrams_;
};

}  // namespace umbratap::engine
