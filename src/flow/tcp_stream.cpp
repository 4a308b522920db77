// From segments to offsets.
//
//     sequence number:  ISN   ISN+1                      FIN
//                      │ SYN │ first byte │ …  │ last byte │
//     offset:                  0                 n-1         n
//
// Sequence numbers are 32 bits and wrap around; offsets are 64 bits. The number next to the one
// that is awaited is meant, up to 1 GiB either way, which is the largest window there is (RFC
// 7323, 2.3).
//
// Begin. Offset 0 lies behind SYN; if that was not seen, where a SYN-ACK of the other side says;
// else it is the first byte seen (midstream). If a SYN is sent again with another initial sequence,
// the one counts that is acknowledged. Data in a SYN is the begin of the stream (RFC 7413); if the
// receiver did not want it, it comes again.
//
// End. FIN ends its direction when it is reached. RST counts if its sequence number lies in the
// window, and if its checksum is as good as that of other segments; it ends nothing by itself,
// since it need not have reached anyone: data that comes nevertheless is taken and named, and the
// ends are told by finish().
//
// Checksums. Where an interface computes them (offload), a capture on that machine shows wrong ones
// in all segments that it sent. So wrong ones are taken until a right one of the same direction was
// seen, and from then on are as not received: neither their data nor their flags move anything.
//
// Window. What lies farther ahead than the receiver can take, twice over, is not taken: else one
// segment that nobody receives could make us give up what comes before it.
//
// Urgent data stays where it lies in the stream (RFC 6093, 6: applications should read it in line).
// Timestamps (PAWS) are not looked at: a segment that is refused for its timestamp differs from
// what is taken instead, or does no harm.
#include "flow/tcp_stream.h"

#include <algorithm>

#include "flow/bounded_time.h"
#include "flow/half_stream.h"

namespace umbratap::flow {

namespace {

using packet::Packet;
namespace tcp_flag = packet::tcp_flag;

constexpr std::int64_t gibibyte = 1 << 30;
/// Ahead of what the window allows: acknowledgements may be lost, or captured later than what they
/// let through.
constexpr std::int64_t window_slack = 1 << 20;
constexpr std::uint8_t no_shift = 0xff;

bool has(const Packet& packet, std::uint8_t flags) noexcept {
    return (packet.tcp_flags & flags) != 0;
}

/// RFC 7323, 2.2: kind 3, length 3, shift; 14 at most.
std::uint8_t window_shift_of(const Packet& packet) noexcept {
    const std::size_t header = std::min<std::size_t>(packet.header_length, packet.segment.size());
    for (std::size_t at = 20; at < header;) {
        const std::uint8_t kind = packet.segment[at];
        if (kind == 0) break;
        if (kind == 1) {
            ++at;
            continue;
        }
        if (at + 1 >= header || packet.segment[at + 1] < 2) break;
        const std::size_t length = packet.segment[at + 1];
        if (kind == 3 && length == 3 && at + 3 <= header)
            return std::min<std::uint8_t>(packet.segment[at + 2], 14);
        at += length;
    }
    return no_shift;
}

/// One direction: who sends in it.
struct Side {
    explicit Side(Direction direction) noexcept : bytes(direction) {}

    HalfStream bytes;
    std::uint32_t base = 0;        // sequence number of offset 0, where `started`
    std::uint32_t other_base = 0;  // the same by another SYN
    std::uint32_t expected = 0;    // what the other side acknowledged, as long as not started
    std::uint32_t window = 0;  // the largest that the receiver of this direction offered, scaled
    std::uint8_t window_shift = no_shift;  // of the windows that this side offers
    bool started : 1 = false;
    bool syn_seen : 1 = false;
    bool has_other_base : 1 = false;
    bool has_expected : 1 = false;
    bool right_checksum_seen : 1 = false;
    bool reset : 1 = false;  // it sent a RST that counts

    void start(std::uint32_t at) noexcept {
        base = at;
        started = true;
    }
    /// May be negative: before the begin.
    std::int64_t offset_of(std::uint32_t sequence) const noexcept {
        const auto next = static_cast<std::int64_t>(bytes.next());
        return next +
               static_cast<std::int32_t>(sequence - (base + static_cast<std::uint32_t>(next)));
    }
    std::int64_t farthest() const noexcept {
        return static_cast<std::int64_t>(std::max(bytes.next(), bytes.acknowledged()));
    }
};

}  // namespace

struct TcpStream::State {
    State(const TcpLimits& l, Budget& b) noexcept : limits(&l), budget(&b) {}

    const TcpLimits* limits;
    Budget* budget;
    std::array<Side, 2> sides{Side(Direction::to_server), Side(Direction::to_client)};
    Moment last;

    Problem push(const Packet& packet, Side& side, Side& peer, Batch<StreamChunk>& out) noexcept;
    bool checksum_allows(const Packet& packet, Side& side) noexcept;
    Problem push_syn(const Packet& packet, Side& side, Side& peer) noexcept;
    Problem push_reset(const Packet& packet, Side& side, const Side& peer) noexcept;
    void push_acknowledgement(const Packet& packet, const Side& side, Side& peer) noexcept;
    Problem push_payload(const Packet& packet, Side& side, std::int64_t offset,
                         Batch<StreamChunk>& out) noexcept;
    std::int64_t window_of(const Side& side, const Side& peer) const noexcept;
};

bool TcpStream::State::checksum_allows(const Packet& packet, Side& side) noexcept {
    if (!limits->verify_checksums) return true;
    switch (packet::transport_checksum(packet)) {
        case packet::Checksum::unknown:
            return true;
        case packet::Checksum::right:
            side.right_checksum_seen = true;
            return true;
        case packet::Checksum::wrong:
            break;
    }
    if (side.right_checksum_seen) {
        side.bytes.counts().bad_checksums += 1;
        return false;
    }
    side.bytes.counts().ignored_checksums += 1;
    return true;
}

/// How far ahead `side` may send: more than the receiver offered is as not received.
std::int64_t TcpStream::State::window_of(const Side& side, const Side& peer) const noexcept {
    if (!side.syn_seen || !peer.syn_seen || side.window == 0) return gibibyte;
    return std::min(2 * std::int64_t{side.window} + window_slack, gibibyte);
}

Problem TcpStream::State::push(const Packet& packet, Side& side, Side& peer,
                               Batch<StreamChunk>& out) noexcept {
    const std::uint32_t length = packet.payload_length();
    TcpCounts& counts = side.bytes.counts();
    if (!checksum_allows(packet, side)) {
        counts.discarded += length;
        return Problem("tcp.bad_checksum");
    }
    Problem problem;
    std::uint32_t sequence = packet.tcp_sequence;
    if (has(packet, tcp_flag::rst)) {
        counts.discarded += length;  // RFC 9293, 3.5.3: a text for people
        return push_reset(packet, side, peer);
    }
    if (has(packet, tcp_flag::syn)) {
        problem = push_syn(packet, side, peer);
        sequence += 1;
        if (problem) {
            counts.discarded += length;
            return problem;
        }
    } else if (!side.started && (length != 0 || has(packet, tcp_flag::fin))) {
        side.start(sequence);
    }
    if (!side.started) {
        push_acknowledgement(packet, side, peer);
        return problem;
    }
    if (side.has_other_base && length != 0 && sequence == side.other_base && side.bytes.empty()) {
        side.start(side.other_base);  // nobody was seen to acknowledge either, but this one goes on
    }
    const std::int64_t offset = side.offset_of(sequence);
    if (offset > side.farthest() + window_of(side, peer) ||
        offset + length + gibibyte < side.farthest()) {
        counts.discarded += length;
        return length == 0 && !has(packet, tcp_flag::fin) ? no_problem
                                                          : Problem("tcp.outside_window");
    }
    push_acknowledgement(packet, side, peer);
    problem = problem.or_else(push_payload(packet, side, offset, out));
    if (has(packet, tcp_flag::fin) && offset + length >= 0) {
        problem = problem.or_else(
            side.bytes.take_end(last, static_cast<std::uint64_t>(offset + length), out));
    }
    return problem;
}

Problem TcpStream::State::push_syn(const Packet& packet, Side& side, Side& peer) noexcept {
    const std::uint32_t base = packet.tcp_sequence + 1;
    if (!side.started || (side.base != base && !side.syn_seen && side.bytes.empty())) {
        side.start(base);
    } else if (side.base != base) {
        if (!side.bytes.empty() || side.bytes.ended() || side.bytes.acknowledged() != 0) {
            return Problem("tcp.syn_in_stream");
        }
        side.other_base = base;
        side.has_other_base = true;
    }
    side.syn_seen = true;
    side.window_shift = window_shift_of(packet);
    if (has(packet, tcp_flag::ack) && peer.bytes.empty() &&
        packet.tcp_acknowledgement != peer.base) {
        if (!peer.started ||
            (peer.has_other_base && packet.tcp_acknowledgement == peer.other_base)) {
            peer.start(packet.tcp_acknowledgement);
        }
    }
    return side.has_other_base && base == side.other_base && base != side.base
               ? Problem("tcp.other_initial_sequence")
               : no_problem;
}

void TcpStream::State::push_acknowledgement(const Packet& packet, const Side& side,
                                            Side& peer) noexcept {
    // The shift counts if both SYNs have it, and never in a SYN itself (RFC 7323, 2.2).
    const bool scaled = side.window_shift != no_shift && peer.window_shift != no_shift &&
                        !has(packet, tcp_flag::syn);
    peer.window =
        std::max(peer.window, std::uint32_t{packet.tcp_window} << (scaled ? side.window_shift : 0));
    if (!has(packet, tcp_flag::ack)) return;
    if (!peer.started) {
        peer.expected = packet.tcp_acknowledgement;
        peer.has_expected = true;
        return;
    }
    const std::int64_t offset = peer.offset_of(packet.tcp_acknowledgement);
    if (offset < 0 || offset > peer.farthest() + gibibyte) return;
    peer.bytes.acknowledge(last, static_cast<std::uint64_t>(offset));
}

Problem TcpStream::State::push_payload(const Packet& packet, Side& side, std::int64_t offset,
                                       Batch<StreamChunk>& out) noexcept {
    const std::uint32_t length = packet.payload_length();
    if (length == 0) return no_problem;
    Bytes data = packet.payload();
    data = data.first(std::min<std::size_t>(data.size(), length));
    auto cut = static_cast<std::uint32_t>(length - data.size());
    TcpCounts& counts = side.bytes.counts();
    if (offset < 0) {
        // Before the begin: a keep-alive right behind the handshake (RFC 9293, 3.8.4), or what a
        // midstream start missed.
        const auto before = static_cast<std::uint32_t>(std::min<std::int64_t>(-offset, length));
        counts.discarded += before;
        offset += before;
        const std::size_t captured = std::min<std::size_t>(before, data.size());
        data = data.subspan(captured);
        cut -= before - static_cast<std::uint32_t>(captured);
        if (offset < 0 || (data.empty() && cut == 0)) return no_problem;
    }
    const std::uint64_t new_before = counts.duplicate + counts.conflicting + counts.discarded;
    const Problem problem =
        side.bytes.take(*limits, *budget, last, static_cast<std::uint64_t>(offset), data, cut, out);
    const bool all_old =
        counts.duplicate + counts.conflicting + counts.discarded - new_before >= data.size();
    return side.reset && !all_old ? problem.or_else(Problem("tcp.data_after_end")) : problem;
}

/// RFC 9293, 3.10.7: in the window; an answer to a SYN by what it acknowledges.
Problem TcpStream::State::push_reset(const Packet& packet, Side& side, const Side& peer) noexcept {
    bool inside = true;
    if (side.started) {
        const std::int64_t offset = side.offset_of(packet.tcp_sequence);
        const auto next = static_cast<std::int64_t>(side.bytes.next());
        const auto acknowledged = static_cast<std::int64_t>(side.bytes.acknowledged());
        const std::int64_t window = std::max<std::int64_t>(side.window, 65535);
        inside = offset >= std::min(acknowledged, next) && offset <= side.farthest() + window;
    } else if (has(packet, tcp_flag::ack) && peer.started) {
        const std::int64_t offset = peer.offset_of(packet.tcp_acknowledgement);
        inside = offset >= 0 && offset <= peer.farthest() + window_slack;
    } else if (side.has_expected) {
        inside = packet.tcp_sequence == side.expected;
    }
    if (!inside) return Problem("tcp.reset_outside_window");
    side.reset = true;
    return no_problem;
}

TcpStream::TcpStream(const TcpLimits& limits, Budget& budget) noexcept
    : state_(std::make_unique<State>(limits, budget)) {}
TcpStream::~TcpStream() = default;
TcpStream::TcpStream(TcpStream&&) noexcept = default;
TcpStream& TcpStream::operator=(TcpStream&&) noexcept = default;

Problem TcpStream::push(const Packet& packet, Direction direction,
                        Batch<StreamChunk>& out) noexcept {
    State& state = *state_;
    Side& side = state.sides[index(direction)];
    Side& peer = state.sides[index(opposite(direction))];
    side.bytes.release();
    peer.bytes.release();
    state.last = {bounded(packet.time), packet.number};
    const Problem problem = state.push(packet, side, peer, out);
    for (Side& each : state.sides)
        each.bytes.check_wait(*state.limits, *state.budget, state.last, out);
    return problem;
}

void TcpStream::finish(Batch<StreamChunk>& out) noexcept {
    State& state = *state_;
    for (Side& side : state.sides) {
        side.bytes.release();
        side.bytes.finish(*state.limits, *state.budget, state.last, out);
    }
}

bool TcpStream::closed() const noexcept {
    const auto& sides = state_->sides;
    return (sides[0].bytes.ended() && sides[1].bytes.ended()) || sides[0].reset || sides[1].reset;
}

bool TcpStream::midstream() const noexcept {
    return !state_->sides[0].syn_seen && !state_->sides[1].syn_seen;
}

const TcpCounts& TcpStream::counts(Direction direction) const noexcept {
    return state_->sides[index(direction)].bytes.counts();
}

}  // namespace umbratap::flow
