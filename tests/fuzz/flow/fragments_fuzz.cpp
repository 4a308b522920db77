// A script of fragments: each step takes 4 bytes and makes one of them. If the first byte of all is
// odd, steps are IP packets to the letter instead, each behind a byte that says its length.
//
//   | which datagram 3 bits, IPv6 1, last 1, content 3 | offset in 8 bytes | length | seconds
//   passed |
//
// Each datagram is an IP packet that the decoder takes for no fragment. As long as nothing was
// wrong, a reassembly that gets every fragment twice completes the same datagrams. With tight
// limits nothing but that they hold is asked.
#include <cstdlib>

#include "flow/fragments.h"
#include "support/packet_builder.h"

namespace {

using namespace umbratap;
using namespace umbratap::test;

void require(bool holds) {
    if (!holds) std::abort();
}

Octets fragment_of(const std::uint8_t* step) {
    const bool v6 = step[0] & 0x08, more = !(step[0] & 0x10);
    const std::uint16_t id = step[0] & 0x07;
    const Octets payload(step[2], static_cast<std::uint8_t>(step[0] >> 5));
    if (!v6) {
        const int fragment = (more ? 0x2000 : 0) | step[1];
        return ipv4(
            {.protocol = protocol_udp, .id = id, .fragment = static_cast<std::uint16_t>(fragment)},
            payload);
    }
    Octets header{protocol_udp, 0};
    put_16(header, static_cast<std::uint32_t>(step[1] << 3 | (more ? 1 : 0)));
    put_32(header, id);
    return ipv6({.source = "2001:db8::1",
                 .target = "2001:db8::2",
                 .options = header,
                 .first_header = 44,
                 .transport_checksum = false},
                payload);
}

/// The next step's packet, and the seconds since the last.
Octets take_step(Bytes& script, bool to_the_letter, int& seconds) {
    if (to_the_letter) {
        const Bytes packet = script.subspan(1, std::min<std::size_t>(script[0], script.size() - 1));
        script = script.subspan(1 + packet.size());
        seconds = 0;
        return {packet.begin(), packet.end()};
    }
    const Octets packet = fragment_of(script.data());
    seconds = static_cast<std::int8_t>(script[3]);
    script = script.subspan(4);
    return packet;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const bool to_the_letter = data[0] & 1;
    flow::FragmentLimits tight;
    tight.datagrams_max = 3;
    tight.bytes_max = 12000;
    flow::Fragments once({}), twice({}), little(tight);
    bool sound = true;
    Time time;
    for (Bytes script(data + 1, size - 1); script.size() >= 4;) {
        int seconds = 0;
        const Octets octets = take_step(script, to_the_letter, seconds);
        packet::Packet packet;
        packet.time = time += std::chrono::seconds(seconds);
        packet::decode_network(octets, {}, packet);
        if (!packet.fragment) continue;
        Batch<Bytes> first, second, third, few;
        if (once.push(packet, first)) sound = false;
        twice.push(packet, second);
        little.push(packet, few);
        require(first.size() <= 1 && few.size() <= 1);
        for (const Bytes datagram : first) {
            packet::Packet whole = packet;
            packet::decode_network(datagram, {}, whole);
            require(!whole.fragment || whole.network.size() < datagram.size() ||
                    packet.tunnel != whole.tunnel);
        }
        if (sound) {
            require(first.size() == second.size());
            for (std::size_t i = 0; i < first.size(); ++i) {
                require(std::equal(first[i].begin(), first[i].end(), second[i].begin(),
                                   second[i].end()));
            }
            twice.push(packet, third);
            require(third.empty());
        }
    }
    return 0;
}
