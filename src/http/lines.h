// JSON texts on a bare stream, one a line (newline-delimited JSON), as MCP over a socket or a pipe
// is spoken.
#pragma once

#include <array>

#include "http/text_collector.h"

namespace umbratap::http {

/// Whether a first line, without its line feed, is likely to be one of these: `{…}` with a string
/// in it.
bool plausible_line(Bytes line) noexcept;

class Lines {
public:
    Lines(const Limits& limits, Budget& budget) noexcept;

    /// Takes bytes, hole or end of either direction. Appends lines that begin with { or [ as texts
    /// without an exchange; others are shunted. A line with a hole is damaged: what came before the
    /// hole is handed on.
    void push(const flow::StreamChunk& chunk, Turn& turn) noexcept;

private:
    enum class In : std::uint8_t { start, text, other, lost };
    struct Side {
        Side(const Limits& limits, Budget& budget) noexcept
            : text(std::min(limits.text_bytes_max, limits.line_bytes_max), budget) {}
        In in = In::start;
        TextCollector text;
    };

    void read(Side& side, Bytes data, const Text& where, Turn& turn);

    std::array<Side, 2> sides_;
};

}  // namespace umbratap::http
