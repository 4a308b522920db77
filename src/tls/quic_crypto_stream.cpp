// CRYPTO frames in the order of their stream.
//
// Bytes are kept as they came, one behind the other, and a sorted list says where each piece
// belongs: so memory grows with what was sent, not with what a frame's offset claims.
#include "tls/quic_crypto_stream.h"

#include <algorithm>

namespace umbratap::tls {

Problem QuicCryptoStream::add(std::uint64_t offset, Bytes data) noexcept {
    if (offset > bytes_max || data.size() > bytes_max - offset)
        return Problem{"quic.hello_too_long"};
    Problem problem;
    while (!data.empty()) {
        const auto next =
            std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                             [](std::uint64_t at, const Piece& piece) { return at < piece.end; });
        const bool known = next != pieces_.end() && next->begin <= offset;
        const std::uint64_t until = next == pieces_.end() ? bytes_max
                                    : known               ? next->end
                                                          : next->begin;
        const Bytes part = data.first(std::min<std::uint64_t>(until - offset, data.size()));
        if (known) {
            const Bytes earlier = kept_.bytes().subspan(next->at + offset - next->begin);
            if (!std::equal(part.begin(), part.end(), earlier.begin()))
                problem = problem.or_else(Problem{"quic.conflicting_crypto"});
        } else if (const Problem not_kept = keep(next, offset, part)) {
            return not_kept;
        }
        offset += part.size();
        data = data.subspan(part.size());
    }
    return problem;
}

/// `data`, all of it new, goes before the piece `before`.
Problem QuicCryptoStream::keep(std::vector<Piece>::iterator before, std::uint64_t offset,
                               Bytes data) noexcept {
    const std::size_t at = kept_.size();
    const auto end = static_cast<std::uint32_t>(offset + data.size());
    const bool continued = before != pieces_.begin() && (before - 1)->end == offset &&
                           (before - 1)->at + ((before - 1)->end - (before - 1)->begin) == at;
    if (!continued && pieces_.size() == pieces_max) return Problem{"quic.too_many_pieces"};
    if (!kept_.append(data, bytes_max)) return Problem{"quic.budget_used_up"};
    if (continued) {
        (before - 1)->end = end;
    } else {
        pieces_.insert(before,
                       {static_cast<std::uint32_t>(offset), end, static_cast<std::uint32_t>(at)});
    }
    return no_problem;
}

std::optional<std::vector<std::uint8_t>> QuicCryptoStream::first_message() const {
    constexpr std::size_t header_bytes = 4;
    std::vector<std::uint8_t> message;
    for (const Piece& piece : pieces_) {
        if (piece.begin != message.size()) break;
        const Bytes data = kept_.bytes().subspan(piece.at, piece.end - piece.begin);
        message.insert(message.end(), data.begin(), data.end());
    }
    if (message.size() < header_bytes) return {};
    const std::size_t wanted = header_bytes + big_endian_24(&message[1]);
    if (message.size() < wanted) return {};
    message.resize(wanted);
    return message;
}

void QuicCryptoStream::clear() noexcept {
    kept_.clear();
    pieces_ = {};
}

}  // namespace umbratap::tls
