// Which flow a packet belongs to: addresses, ports and protocol, the same for both directions.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "packet/packet.h"

namespace umbratap::flow {

struct FlowKey {
    packet::Address low, high;  ///< in an order of our own, so that both directions make one key
    std::uint16_t low_port = 0, high_port = 0;
    packet::Transport transport = packet::Transport::none;
    std::array<std::uint8_t, 3> zero{};
    std::array<std::uint16_t, 2> vlans{packet::no_vlan,
                                       packet::no_vlan};  ///< of the first packet; not compared

    /// All but the VLANs, for which see FlowRecord::Fit.
    using Words = std::array<std::uint64_t, 5>;
    Words words() const noexcept {
        Words out;
        std::memcpy(out.data(), this, sizeof out);
        return out;
    }
    bool same_ends(const FlowKey& other) const noexcept {
        const Words mine = words(), theirs = other.words();
        std::uint64_t differences = 0;
        for (std::size_t i = 0; i < mine.size(); ++i) differences |= mine[i] ^ theirs[i];
        return differences == 0;
    }
    friend bool operator==(const FlowKey& a, const FlowKey& b) noexcept {
        return a.same_ends(b) && a.vlans == b.vlans;
    }
};
static_assert(offsetof(FlowKey, vlans) == sizeof(FlowKey::Words),
              "no padding among what is compared");

struct DirectedKey {
    FlowKey key;
    bool source_is_low = false;
};

inline DirectedKey key_of(const packet::Packet& packet) noexcept {
    // Any total order will do; two loads a side are the cheapest.
    std::uint64_t source[2], target[2];
    std::memcpy(source, packet.source.octets.data(), 16);
    std::memcpy(target, packet.target.octets.data(), 16);
    const bool source_is_low = source[1] != target[1]   ? source[1] < target[1]
                               : source[0] != target[0] ? source[0] < target[0]
                                                        : packet.source_port <= packet.target_port;
    DirectedKey out;
    out.source_is_low = source_is_low;
    out.key.low = source_is_low ? packet.source : packet.target;
    out.key.high = source_is_low ? packet.target : packet.source;
    out.key.low_port = source_is_low ? packet.source_port : packet.target_port;
    out.key.high_port = source_is_low ? packet.target_port : packet.source_port;
    out.key.vlans = packet.vlans;
    out.key.transport = packet.transport;
    return out;
}

/// A hash that nobody can foresee: its secrets are drawn anew at each start (nothing that is told
/// may depend on it).
class FlowHash {
public:
    FlowHash();

    std::uint64_t operator()(const FlowKey& key) const noexcept {
        const FlowKey::Words words = key.words();
        const std::uint64_t addresses = multiply(words[0] ^ secrets_[0], words[1] ^ secrets_[1]) ^
                                        multiply(words[2] ^ secrets_[2], words[3] ^ secrets_[3]);
        return multiply(addresses ^ secrets_[4], words[4] ^ secrets_[5]);
    }

private:
    /// Both halves of the product: each bit of it hangs on all bits of both factors.
    static std::uint64_t multiply(std::uint64_t a, std::uint64_t b) noexcept {
        __extension__ using Wide = unsigned __int128;
        const Wide product = static_cast<Wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    }

    std::array<std::uint64_t, 6> secrets_;
};

}  // namespace umbratap::flow
