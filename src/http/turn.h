// What one push brings along for all who take part in it.
#pragma once

#include "base/batch.h"
#include "base/problem.h"
#include "flow/stream_chunk.h"
#include "http/connection.h"
#include "http/items.h"
#include "http/shelf.h"

namespace umbratap::http {

struct Turn {
    const flow::StreamChunk& chunk;
    Batch<Item>& out;
    Shelf& shelf;
    Unseen& unseen;
    Problem problem{};  ///< the first thing wrong

    void found(Problem more) noexcept { problem = problem.or_else(more); }

    /// A text of this moment that has no content yet.
    Text text(ExchangeId exchange, TextKind kind, Direction direction) const noexcept {
        Text text;
        text.time = chunk.time;
        text.packet_number = chunk.packet_number;
        text.exchange = exchange;
        text.kind = kind;
        text.direction = direction;
        return text;
    }
};

}  // namespace umbratap::http
