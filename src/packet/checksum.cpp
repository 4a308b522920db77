// The checksum of TCP and UDP.
//
// It is a sum of 16-bit words with the carry added back in, which does not care how many words are
// added at a time nor in which byte order (RFC 1071, 2): so 64-bit words are split in halves and
// summed in lanes, which compilers turn into vector instructions, and the halves are folded at the
// end.
#include "packet/packet.h"

namespace umbratap::packet {
namespace {

std::uint32_t fold(std::uint64_t sum) noexcept {
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint32_t>(sum);
}

/// The one's complement sum in this machine's byte order. No sum of halves overflows before 2^32
/// words.
std::uint64_t sum_words(Bytes bytes) noexcept {
    std::uint64_t low = 0, high = 0;
    const std::uint8_t* at = bytes.data();
    const std::size_t words = bytes.size() / 8;
    for (std::size_t i = 0; i < words; ++i) {
        std::uint64_t word;
        std::memcpy(&word, at + 8 * i, sizeof word);
        low += word & 0xffffffff;
        high += word >> 32;
    }
    std::uint64_t tail = 0;
    std::size_t done = 8 * words;
    for (; done + 2 <= bytes.size(); done += 2) tail += little_endian_16(at + done);
    if (done < bytes.size()) tail += at[done];
    return std::uint64_t{fold(low)} + fold(high) + tail;
}

std::uint64_t sum_address(const Address& address, bool v4) noexcept {
    const std::uint8_t* octets = address.octets.data();
    const std::uint64_t last = little_endian_32(octets + 12);
    return v4 ? last
              : last + little_endian_32(octets) + little_endian_32(octets + 4) +
                    little_endian_32(octets + 8);
}

/// RFC 9293, 3.1 and RFC 8200, 8.1: addresses, length, protocol.
std::uint64_t sum_pseudo_header(const Packet& packet) noexcept {
    const bool v4 = packet.source.is_v4() && packet.target.is_v4();
    return sum_address(packet.source, v4) + sum_address(packet.target, v4) +
           __builtin_bswap32(packet.segment_length) +
           __builtin_bswap32(static_cast<std::uint32_t>(packet.transport));
}

}  // namespace

Checksum transport_checksum(const Packet& packet) noexcept {
    const bool udp = packet.transport == Transport::udp;
    if (!udp && packet.transport != Transport::tcp) return Checksum::unknown;
    if (packet.segment.empty() || packet.segment.size() < packet.header_length)
        return Checksum::unknown;
    if (packet.segment.size() != packet.segment_length) return Checksum::unknown;
    if (udp && big_endian_16(packet.segment.data() + 6) == 0) return Checksum::unknown;
    const std::uint32_t sum = fold(sum_pseudo_header(packet) + sum_words(packet.segment));
    return sum == 0xffff ? Checksum::right : Checksum::wrong;
}

}  // namespace umbratap::packet
