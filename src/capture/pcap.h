// The pcap file format (draft-ietf-opsawg-pcap), as libpcap has written it since 1998.
#pragma once

#include <optional>

#include "capture/decoder.h"

namespace umbratap::capture {

class PcapDecoder {
public:
    static constexpr std::size_t header_bytes = 24;

    /// The first 4 bytes of a pcap file, of either byte order and any of its variants.
    static bool recognises(Bytes head) noexcept;

    /// `header`: the file's first 24 bytes, of which the first 4 are recognised.
    PcapDecoder(Bytes header, const Origin& origin);

    /// Appends at most `frames_max` frames, which point into `window`: what follows the bytes
    /// consumed so far.
    Progress decode(Bytes window, std::size_t frames_max, Batch<Frame>& out);

private:
    template <bool swapped>
    Progress decode_as(Bytes window, std::size_t frames_max, Batch<Frame>& out);

    const Origin* origin_;
    std::uint64_t number_ = 0;
    std::uint32_t packet_bytes_max_;
    std::uint32_t record_header_bytes_ = 16;
    std::int64_t nanoseconds_per_unit_ = 1000;
    std::uint16_t link_type_;
    bool swapped_ = false;
    enum class LengthOrder : std::uint8_t { captured_first, original_first, smaller_first };
    LengthOrder length_order_ = LengthOrder::captured_first;
};

}  // namespace umbratap::capture
