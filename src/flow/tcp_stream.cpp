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
// in segments that it sent, and in those that it received and joined. What was left to an interface
// is told by its content, and taken. Other wrong ones are taken until a right one of the same
// direction was seen, and are as not received from then on.
//
// Window. What lies farther ahead than the receiver can take is as not received, too: else one
// segment that nobody receives could make us give up what comes before it.
//
// What is as not received moves no state, neither by data nor by flags. Its data is set aside: if
// the receiver acknowledges it and nothing better has come, it was received after all.
//
// Urgent data stays where it lies in the stream (RFC 6093, 6: applications should read it in line).
// Timestamps (PAWS) are not looked at: a segment that is refused for its timestamp differs from
// what is taken instead, or does no harm.
#include "flow/tcp_stream.h"

#include <algorithm>

#include "flow/bounded_time.h"
#include "flow/half_stream.h"
#include "flow/offload.h"

namespace umbratap::flow {

namespace {

using packet::Packet;
namespace tcp_flag = packet::tcp_flag;

constexpr std::int64_t gibibyte = 1 << 30;
constexpr std::int64_t window_min = 65535;
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

Bytes captured_payload(const Packet& packet) noexcept {
    const Bytes data = packet.payload();
    return data.first(std::min<std::size_t>(data.size(), packet.payload_length()));
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
    bool confirmed : 1 = false;  // the other side acknowledged its SYN, or said where it begins
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
    /// No further than this and a window may it send.
    std::int64_t farthest() const noexcept {
        return static_cast<std::int64_t>(std::max(bytes.next(), bytes.acknowledged()));
    }
};

/// In the middle of a handshake FIN means nothing to its receiver.
bool may_end(const Side& side, const Side& peer) noexcept {
    return !peer.syn_seen || side.syn_seen || side.has_expected || side.confirmed ||
           side.bytes.acknowledged() != 0;
}

}  // namespace

struct TcpStream::State {
    State(const TcpLimits& l, Budget& b) noexcept : limits(&l), budget(&b) {}

    const TcpLimits* limits;
    Budget* budget;
    std::array<Side, 2> sides{Side(Direction::to_server), Side(Direction::to_client)};
    Moment last;

    Problem push(const Packet& packet, Side& side, Side& peer, Batch<StreamChunk>& out) noexcept;
    bool checksum_is_bad(const Packet& packet, Side& side) noexcept;
    void set_aside(const Packet& packet, Side& side) noexcept;
    Problem push_syn(const Packet& packet, Side& side, const Side& peer) noexcept;
    Problem push_reset(const Packet& packet, Side& side, const Side& peer) noexcept;
    void push_acknowledgement(const Packet& packet, const Side& side, Side& peer) noexcept;
    Problem push_payload(const Packet& packet, Side& side, std::int64_t offset,
                         Batch<StreamChunk>& out) noexcept;
    std::int64_t window_of(const Side& side, const Side& peer) const noexcept;
};

bool TcpStream::State::checksum_is_bad(const Packet& packet, Side& side) noexcept {
    if (!limits->verify_checksums) return false;
    switch (packet::transport_checksum(packet)) {
        case packet::Checksum::unknown:
            return false;
        case packet::Checksum::right:
            side.right_checksum_seen = true;
            return false;
        case packet::Checksum::wrong:
            break;
    }
    if (side.right_checksum_seen && !checksum_is_left_to_interface(packet)) {
        side.bytes.counts().bad_checksums += 1;
        return true;
    }
    side.bytes.counts().ignored_checksums += 1;
    return false;
}

/// How far ahead `side` may send: more than the receiver offered is as not received.
std::int64_t TcpStream::State::window_of(const Side& side, const Side& peer) const noexcept {
    if (!side.syn_seen || !peer.syn_seen) return gibibyte;
    return std::clamp<std::int64_t>(side.window, window_min, gibibyte);
}

void TcpStream::State::set_aside(const Packet& packet, Side& side) noexcept {
    const std::uint32_t length = packet.payload_length();
    const std::int64_t offset = side.started ? side.offset_of(packet.tcp_sequence) : -1;
    if (offset < 0 || offset > side.farthest() + gibibyte ||
        has(packet, tcp_flag::syn | tcp_flag::rst)) {
        side.bytes.counts().discarded += length;
        return;
    }
    const Bytes data = captured_payload(packet);
    side.bytes.set_aside(*limits, *budget, static_cast<std::uint64_t>(offset), data,
                         static_cast<std::uint32_t>(length - data.size()));
}

Problem TcpStream::State::push(const Packet& packet, Side& side, Side& peer,
                               Batch<StreamChunk>& out) noexcept {
    const std::uint32_t length = packet.payload_length();
    TcpCounts& counts = side.bytes.counts();
    if (checksum_is_bad(packet, side)) {
        set_aside(packet, side);
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
    } else if (!side.started &&
               (length != 0 || (has(packet, tcp_flag::fin) && may_end(side, peer)))) {
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
    if (offset + length + gibibyte < side.farthest() ||
        offset > side.farthest() + window_of(side, peer)) {
        if (length == 0 && !has(packet, tcp_flag::fin)) return no_problem;
        set_aside(packet, side);
        return Problem("tcp.outside_window");
    }
    push_acknowledgement(packet, side, peer);
    problem = problem.or_else(push_payload(packet, side, offset, out));
    if (has(packet, tcp_flag::fin) && offset + length >= 0 && may_end(side, peer)) {
        problem = problem.or_else(
            side.bytes.take_end(last, static_cast<std::uint64_t>(offset + length), out));
    }
    return problem;
}

Problem TcpStream::State::push_syn(const Packet& packet, Side& side, const Side& peer) noexcept {
    const std::uint32_t base = packet.tcp_sequence + 1;
    const bool answers =
        has(packet, tcp_flag::ack) && peer.syn_seen && packet.tcp_acknowledgement == peer.base;
    if (!side.started) {
        side.start(base);
    } else if (side.base != base) {
        if (side.confirmed || side.bytes.ended()) return Problem("tcp.syn_in_stream");
        if (!side.syn_seen && (answers || side.bytes.empty())) {
            // What was sent before the connection existed was nothing to its receiver
            // (CVE-2018-6794). It was handed on; the stream goes on with what counts.
            side.start(base - static_cast<std::uint32_t>(side.bytes.next()));
        } else if (!side.bytes.empty() || side.bytes.acknowledged() != 0) {
            return Problem("tcp.syn_in_stream");
        } else {
            side.other_base = base;
            side.has_other_base = true;
        }
    }
    side.syn_seen = true;
    side.window_shift = window_shift_of(packet);
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
    if (!peer.started && !has(packet, tcp_flag::syn)) {
        peer.expected = packet.tcp_acknowledgement;
        peer.has_expected = true;
        return;
    }
    const bool is_other = peer.has_other_base && packet.tcp_acknowledgement == peer.other_base;
    if (!peer.started || (is_other && peer.bytes.empty())) peer.start(packet.tcp_acknowledgement);
    if (packet.tcp_acknowledgement == peer.base) {
        peer.confirmed = true;
        peer.has_other_base = false;
    }
    const std::int64_t offset = peer.offset_of(packet.tcp_acknowledgement);
    if (offset < 0 || offset > peer.farthest() + gibibyte) return;
    peer.bytes.acknowledge(last, static_cast<std::uint64_t>(offset));
}

Problem TcpStream::State::push_payload(const Packet& packet, Side& side, std::int64_t offset,
                                       Batch<StreamChunk>& out) noexcept {
    const std::uint32_t length = packet.payload_length();
    if (length == 0) return no_problem;
    Bytes data = captured_payload(packet);
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
    if (length == 1 && side.bytes.one_sided() &&
        static_cast<std::uint64_t>(offset) + 1 == side.bytes.next()) {
        counts.duplicate += 1;  // a keep-alive brings a byte of garbage (RFC 9293, 3.8.4)
        return no_problem;
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
        const std::int64_t window = std::max<std::int64_t>(side.window, window_min);
        inside = offset >= std::min(acknowledged, next) && offset <= side.farthest() + window;
    } else if (has(packet, tcp_flag::ack) && peer.started) {
        const std::int64_t offset = peer.offset_of(packet.tcp_acknowledgement);
        inside = offset >= 0 && offset <= peer.farthest() + window_min;
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
    Problem problem = state.push(packet, side, peer, out);
    for (Side& each : state.sides) {
        problem =
            problem.or_else(each.bytes.check_wait(*state.limits, *state.budget, state.last, out));
    }
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
