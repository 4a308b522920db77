// Handshake bytes out of QUIC CRYPTO frames, which may come in any order and overlap (RFC
// 9000, 19.6).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/problem.h"

namespace umbratap::tls {

/// The start of the client's CRYPTO stream, out of frames that come in any order. Where two differ,
/// the first counts.
class QuicCryptoStream {
public:
    explicit QuicCryptoStream(Budget& budget) noexcept : kept_(budget) {}

    /// quic.hello_too_long, quic.too_many_pieces, quic.budget_used_up: the frame is not kept, or
    /// not whole. quic.conflicting_crypto: it is, as far as it was new.
    Problem add(std::uint64_t offset, Bytes data) noexcept;
    /// The first message, its header included, once all of it came.
    std::optional<std::vector<std::uint8_t>> first_message() const;
    void clear() noexcept;

    static constexpr std::uint64_t bytes_max = 64 * 1024;
    static constexpr std::size_t pieces_max = 1024;  ///< with holes between, or in another order

private:
    struct Piece {
        std::uint32_t begin, end;  // in the stream
        std::uint32_t at;          // in kept_
    };
    Problem keep(std::vector<Piece>::iterator before, std::uint64_t offset, Bytes data) noexcept;

    Buffer kept_;
    std::vector<Piece> pieces_;  // in the order of the stream
};

}  // namespace umbratap::tls
