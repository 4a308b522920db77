// What the field holds then: RFC 9293, 3.1, the pseudo header, not complemented.
#include "flow/offload.h"

#include "base/bytes.h"

namespace umbratap::flow {

bool checksum_is_left_to_interface(const packet::Packet& packet) noexcept {
    constexpr std::size_t field = 16;
    if (packet.segment.size() < field + 2) return false;
    std::uint64_t sum = static_cast<std::uint64_t>(packet.transport);
    const std::size_t from = packet.source.is_v4() && packet.target.is_v4() ? 12 : 0;
    for (std::size_t i = from; i < 16; i += 4) {
        sum += big_endian_32(packet.source.octets.data() + i);
        sum += big_endian_32(packet.target.octets.data() + i);
    }
    const auto fold = [](std::uint64_t wide) noexcept {
        while (wide >> 16 != 0) wide = (wide & 0xffff) + (wide >> 16);
        return wide;
    };
    const std::uint16_t found = big_endian_16(packet.segment.data() + field);
    return found == fold(sum + packet.segment_length) || found == fold(sum);
}

}  // namespace umbratap::flow
