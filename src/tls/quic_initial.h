// What a QUIC connection says of itself before it falls silent: the ClientHello in the client's
// Initial packets (RFC 9001, 4 and 5; RFC 9369).
#pragma once

#include <cstdint>
#include <optional>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "tls/hello.h"
#include "tls/quic_crypto_stream.h"
#include "tls/quic_packet.h"

namespace umbratap::tls {

/// Opens the Initial packets of one client until its ClientHello is complete. Datagrams may come in
/// any order, from the client alone or from both sides: the tag decides whose they are.
class QuicInitialReader {
public:
    explicit QuicInitialReader(Budget& budget) noexcept : stream_(budget) {}

    enum class State : std::uint8_t { reading, done, given_up };
    /// After `done`, `hello()` is filled, as far as the message is sound.
    ///
    /// quic.no_hello: `packets_max` packets came, some were opened, and it is not complete.
    /// quic.not_a_hello: the first message is another. Both: given_up.
    /// quic.bad_frame, and those of QuicCryptoStream and ClientHello: read on.
    Problem push(Bytes datagram) noexcept;
    State state() const noexcept { return state_; }
    const Hello& hello() const noexcept { return hello_; }
    /// Bytes of the packets that were opened so far, headers included.
    std::uint64_t opened_bytes() const noexcept { return opened_bytes_; }

    static constexpr int packets_max = 64;  ///< looked at, opened or not

private:
    std::optional<Bytes> open(const QuicPacket& packet) noexcept;
    Problem read_frames(Bytes frames) noexcept;
    Problem finish_if_complete() noexcept;
    Problem give_up(Problem why) noexcept;

    std::optional<QuicInitialKeys> keys_;
    QuicConnectionId keyed_by_;  // what the keys are of
    QuicCryptoStream stream_;
    Hello hello_;
    std::uint64_t opened_bytes_ = 0;
    int packets_ = 0;
    State state_ = State::reading;
};

}  // namespace umbratap::tls
