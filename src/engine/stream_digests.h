// SHA-256 of the bytes of a stream, by direction, for `stream` events.
#pragma once

#include <array>

#include "base/digest.h"
#include "flow/stream_chunk.h"
#include "inventory/sighting.h"

namespace umbratap::engine {

class StreamDigests {
public:
    /// Other readings are not part of the stream.
    void add(const flow::StreamChunk& chunk) {
        if (chunk.alternate) return;
        hash_[index(chunk.direction)].add(chunk.data);
        sums_[index(chunk.direction)].bytes += chunk.data.size();
        sums_[index(chunk.direction)].missing += chunk.missing;
    }
    std::array<inventory::StreamDirection, 2> finish() {
        for (const std::size_t i : {0, 1}) sums_[i].sha256 = to_hex(hash_[i].finish());
        return sums_;
    }

private:
    std::array<Sha256, 2> hash_;
    std::array<inventory::StreamDirection, 2> sums_;
};

}  // namespace umbratap::engine
