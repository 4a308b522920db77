// Field blocks of one direction of an HTTP/2 connection (RFC 7541), decoded by nghttp2's inflater.
//
// Where the table is not known (the connection is seen from its middle, or a block was lost), a new
// one is filled with entries of a name that no field can have, as many as the table of the sender
// could hold. Indices count from the newest entry, so whatever is indexed later resolves right, and
// what cannot be known is told from what can. The table is assumed to have the size it had, or the
// usual one; if an index then lies beyond, the next has the largest.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/problem.h"

namespace umbratap::http {

class Http2Fields;

class HpackDecoder {
public:
    /// The name of entries that are not known.
    static constexpr std::string_view unknown_name = "?";
    /// Larger tables are not followed. Filled, it takes 0.4 MiB; one of the usual 4096 bytes 30
    /// KiB.
    static constexpr std::uint32_t table_bytes_max = 64 * 1024;

    explicit HpackDecoder(Budget& budget) noexcept;
    ~HpackDecoder();
    HpackDecoder(HpackDecoder&&) noexcept;
    HpackDecoder& operator=(HpackDecoder&&) noexcept;

    /// Before each block. `stream_bytes` that came in this direction pay for new tables.
    /// http2.field_table_given_up: this block cannot be read, as a new table is not affordable yet.
    Problem begin_block(std::uint64_t stream_bytes) noexcept;
    /// Takes the next part of the block; adds its fields to `out`. http2.bad_field_block: the rest
    /// of the block is lost, and so is the table.
    Problem push(Bytes part, Http2Fields& out) noexcept;
    Problem end_block() noexcept;

    /// From here on it is not known what the table holds.
    void lose() noexcept;

private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::http
