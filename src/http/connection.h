// Bytes of one connection become heads and texts, whatever the framing: HTTP/1, WebSocket after an
// upgrade, HTTP/2, server-sent events inside a body, newline-delimited JSON without HTTP.
//
// What it speaks is told by its first bytes, never by its port. A body is looked at if it can be a
// message by its first bytes (JSON, server-sent events, or a content coding that hides them); all
// others are skipped and counted.
#pragma once

#include <cstdint>
#include <memory>

#include "base/batch.h"
#include "base/buffer.h"
#include "base/problem.h"
#include "flow/stream_chunk.h"
#include "http/items.h"

namespace umbratap::http {

struct Limits {
    std::uint32_t head_bytes_max = 64 * 1024;
    std::uint32_t fields_max = 256;
    std::uint32_t text_bytes_max =
        8 * 1024 * 1024;  ///< parsed up to this size, after inflating; scanned to the end
    std::uint32_t line_bytes_max = 8 * 1024 * 1024;       ///< of a bare stream
    std::uint64_t inflated_bytes_max = 64 * 1024 * 1024;  ///< of one body
    std::uint32_t inflate_ratio_max = 1000;  ///< output per input, once output exceeds 1 MiB
    std::uint32_t content_codings_max = 2;
    std::uint32_t requests_waiting_max = 128;  ///< unanswered, per connection
    std::uint32_t sniff_bytes_max = 64;  ///< kept until it is known what the connection speaks
    // HTTP/2. Beyond these rates it is called a flood, by name, once.
    std::uint32_t http2_streams_max = 1000;     ///< open at once, per connection
    std::uint32_t http2_continuations_max = 8;  ///< CONTINUATION frames of one field block
    std::uint32_t http2_resets_max = 500;       ///< a second, in one direction
    std::uint32_t http2_settings_max = 100;     ///< a second, in one direction
    std::uint32_t http2_pings_max = 100;        ///< a second, in one direction
};

/// Stream bytes that were not looked at since the last call, by reason; all other pushed bytes were
/// inspected.
struct Unseen {
    std::uint64_t shunted = 0;      ///< by decision: of no interest
    std::uint64_t gap = 0;          ///< skipped while finding its feet again after a hole
    std::uint64_t unsupported = 0;  ///< a coding or framing that this version does not read
    std::uint64_t budget = 0;       ///< a limit was reached
    std::uint64_t midstream =
        0;  ///< began in the middle, and no beginning of a message was found yet
};

/// How far the first bytes tell what the connection speaks.
enum class Speech : std::uint8_t {
    unknown,
    http_1,
    http_2,
    websocket,
    lines,
    tunnel,
    foreign
};  ///< foreign: none of ours

class Connection {
public:
    Connection(const Limits& limits, Budget& budget);
    ~Connection();
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;

    /// Takes the next bytes, hole or end of either direction; appends what became whole, in order.
    Problem push(const flow::StreamChunk& chunk, Batch<Item>& out) noexcept;

    /// Nobody needs the items of the last push any longer: frees what they point to, while it is
    /// still in the cache for the next.
    void release() noexcept;

    Unseen take_unseen() noexcept;
    Speech speech() const noexcept;
    /// Neither direction can yield anything any more: the engine may shunt the flow.
    bool deaf() const noexcept;
    /// Requests came in the direction that was taken for the server's (midstream start): the engine
    /// turns the flow round.
    bool reversed() const noexcept;

private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::http
