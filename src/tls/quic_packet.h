// One QUIC packet with a long header (RFC 9000, 17.2), and the opening of Initial packets, whose
// keys hang on nothing but the Destination Connection ID of the client's first one (RFC 9001, 5.2;
// RFC 9369, 3.3).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace umbratap::tls {

/// True if `datagram` begins with a long header of version 1, 2 or a draft.
bool looks_like_quic(Bytes datagram) noexcept;

/// A connection ID that outlives its packet.
class QuicConnectionId {
public:
    static constexpr std::size_t bytes_max = 20;  ///< in versions 1 and 2

    /// `id` holds `bytes_max` bytes at most.
    void assign(Bytes id) noexcept {
        std::copy(id.begin(), id.end(), bytes_.begin());
        size_ = static_cast<std::uint8_t>(id.size());
    }
    Bytes bytes() const noexcept { return {bytes_.data(), size_}; }

private:
    std::array<std::uint8_t, bytes_max> bytes_{};
    std::uint8_t size_ = 0;
};

struct QuicPacket {
    bool initial = false;
    std::uint32_t version = 0;
    Bytes whole;                ///< header and payload
    Bytes destination;          ///< Destination Connection ID
    std::size_t number_at = 0;  ///< where the packet number stands in `whole`; if `initial`
};

/// Takes the first packet off `datagram`. Nothing where no whole packet with a long header of a
/// version that can be opened stands there: versions 1 and 2 and the drafts from 29 on. A Retry
/// takes all the rest, since it does not say how long it is.
std::optional<QuicPacket> take_quic_packet(Bytes& datagram) noexcept;

/// The client's keys: AES-128-GCM for the payload, AES-128 for the header.
class QuicInitialKeys {
public:
    QuicInitialKeys(std::uint32_t version, Bytes destination) noexcept;

    /// The frames in an Initial packet, or nothing where the tag does not agree. They live until
    /// the next call in this thread. A packet number is taken as sent: a client whose packets
    /// nobody has acknowledged yet may not shorten it.
    std::optional<Bytes> open(const QuicPacket& packet) const noexcept;

private:
    std::array<std::uint8_t, 16> key_{}, header_key_{};
    std::array<std::uint8_t, 12> iv_{};
};

}  // namespace umbratap::tls
