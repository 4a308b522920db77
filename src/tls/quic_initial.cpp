// The ClientHello, out of QUIC Initial packets.
//
// Keys hang on the Destination Connection ID of the client's first packet. The client goes on with
// an ID that the server chose, but with the same keys; except after a Retry, when it begins again
// with the ID that the Retry gave, and with keys of that.
#include "tls/quic_initial.h"

#include <algorithm>

#include "tls/fingerprint.h"
#include "tls/varint.h"

namespace umbratap::tls {

namespace {

constexpr std::uint8_t client_hello_message = 1;
constexpr std::size_t message_header_bytes = 4;

enum Frame : std::uint8_t {  // those that an Initial packet may hold (RFC 9000, 12.4)
    padding = 0,
    ping = 1,
    ack = 2,
    ack_with_ecn = 3,
    crypto = 6,
    connection_close = 0x1c,
};

bool skip_numbers(Bytes& rest, std::uint64_t count) noexcept {
    for (; count > 0; --count) {
        if (!take_varint(rest)) return false;
    }
    return true;
}

/// Largest, delay, count of ranges, first range, then a gap and a range each (RFC 9000, 19.3).
bool skip_ack(Bytes& rest, bool with_ecn) noexcept {
    if (!skip_numbers(rest, 2)) return false;
    const auto ranges = take_varint(rest);
    return ranges && skip_numbers(rest, 1) && skip_numbers(rest, *ranges) &&
           skip_numbers(rest, *ranges) && skip_numbers(rest, with_ecn ? 3 : 0);
}

}  // namespace

Problem QuicInitialReader::push(Bytes datagram) noexcept {
    if (state_ != State::reading) return no_problem;
    Problem problem;
    bool opened = false;
    do {
        if (packets_++ == packets_max)
            return give_up(opened_bytes_ > 0 ? Problem{"quic.no_hello"} : no_problem);
        const auto packet = take_quic_packet(datagram);
        if (!packet) break;
        const auto frames = open(*packet);
        if (!frames) continue;
        opened = true;
        opened_bytes_ += packet->whole.size();
        problem = problem.or_else(read_frames(*frames));
    } while (state_ == State::reading && !datagram.empty());
    if (opened && state_ == State::reading) problem = problem.or_else(finish_if_complete());
    return problem;
}

std::optional<Bytes> QuicInitialReader::open(const QuicPacket& packet) noexcept {
    if (!packet.initial) return {};
    if (keys_) {
        if (const auto frames = keys_->open(packet)) return frames;
        if (std::ranges::equal(packet.destination, keyed_by_.bytes())) return {};
    }
    const QuicInitialKeys keys(packet.version, packet.destination);
    const auto frames = keys.open(packet);
    if (!frames) return {};
    keys_ = keys;
    keyed_by_.assign(packet.destination);
    stream_.clear();
    return frames;
}

Problem QuicInitialReader::read_frames(Bytes frames) noexcept {
    constexpr Problem bad_frame{"quic.bad_frame"};
    Problem problem;
    while (!frames.empty()) {
        const std::uint8_t type = frames[0];
        frames = frames.subspan(1);
        if (type == padding || type == ping) continue;
        if (type == ack || type == ack_with_ecn) {
            if (!skip_ack(frames, type == ack_with_ecn)) return problem.or_else(bad_frame);
            continue;
        }
        if (type != crypto) {  // what closes the connection is the last that matters
            return type == connection_close ? problem : problem.or_else(bad_frame);
        }
        const auto offset = take_varint(frames);
        const auto length = take_varint(frames);
        if (!offset || !length || *length > frames.size()) return problem.or_else(bad_frame);
        problem = problem.or_else(stream_.add(*offset, frames.first(*length)));
        frames = frames.subspan(*length);
    }
    return problem;
}

Problem QuicInitialReader::finish_if_complete() noexcept {
    const auto message = stream_.first_message();
    if (!message) return no_problem;
    if (message->front() != client_hello_message) return give_up(Problem{"quic.not_a_hello"});
    stream_.clear();
    state_ = State::done;
    return read_client_hello(Bytes(*message).subspan(message_header_bytes), Transport::quic,
                             hello_);
}

Problem QuicInitialReader::give_up(Problem why) noexcept {
    stream_.clear();
    state_ = State::given_up;
    return why;
}

}  // namespace umbratap::tls
