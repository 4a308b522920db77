// A pcap file:
//
//   0        4       6       8      12       16       20       24
//   | magic | major | minor | zone | digits | snaplen | linktype |  then records:
//
//   0         4          8          12         16
//   | seconds | fraction | captured | original | bytes, `captured` of them ...
//
// The magic number tells the byte order, and whether fractions are micro- or nanoseconds. Of the
// link type the upper 16 bits speak of a frame check sequence. A third magic number, of a patched
// libpcap of the nineties, has 8 more bytes in each record's header (interface, protocol, kind).
// Writers before version 2.4 disagreed on which length comes first.
#include "capture/pcap.h"

#include <algorithm>

namespace umbratap::capture {

namespace {

constexpr std::uint32_t magic_micro = 0xa1b2c3d4;
constexpr std::uint32_t magic_nano = 0xa1b23c4d;
constexpr std::uint32_t magic_patched = 0xa1b2cd34;

bool is_magic(std::uint32_t number) noexcept {
    return number == magic_micro || number == magic_nano || number == magic_patched;
}

}  // namespace

bool PcapDecoder::recognises(Bytes head) noexcept {
    return head.size() >= 4 &&
           (is_magic(little_endian_32(head.data())) || is_magic(big_endian_32(head.data())));
}

PcapDecoder::PcapDecoder(Bytes header, const Origin& origin) : origin_(&origin) {
    const std::uint8_t* at = header.data();
    swapped_ = !is_magic(little_endian_32(at));
    const std::uint32_t magic = read_32(at, swapped_);
    if (magic == magic_nano) nanoseconds_per_unit_ = 1;
    if (magic == magic_patched) record_header_bytes_ = 24;
    const std::uint16_t major = read_16(at + 4, swapped_);
    const std::uint16_t minor = read_16(at + 6, swapped_);
    if (major == 2 && minor < 3) length_order_ = LengthOrder::original_first;
    if ((major == 2 && minor == 3) || major == 543) length_order_ = LengthOrder::smaller_first;
    packet_bytes_max_ =
        std::clamp(read_32(at + 16, swapped_), packet_bytes_usual, capture::packet_bytes_max);
    link_type_ = static_cast<std::uint16_t>(read_32(at + 20, swapped_) & 0xffff);
}

Progress PcapDecoder::decode(Bytes window, std::size_t frames_max, Batch<Frame>& out) {
    return swapped_ ? decode_as<true>(window, frames_max, out)
                    : decode_as<false>(window, frames_max, out);
}

template <bool swapped>
Progress PcapDecoder::decode_as(Bytes window, std::size_t frames_max, Batch<Frame>& out) {
    const std::uint8_t* at = window.data();
    const std::uint8_t* const end = at + window.size();
    const std::size_t header_size = record_header_bytes_;
    Progress progress;
    for (std::size_t count = 0; count < frames_max; ++count) {
        const auto left = static_cast<std::size_t>(end - at);
        if (left < header_size) {
            progress.wanted = header_size;
            break;
        }
        std::uint32_t captured = read_32(at + 8, swapped);
        std::uint32_t original = read_32(at + 12, swapped);
        if (length_order_ != LengthOrder::captured_first &&
            (length_order_ == LengthOrder::original_first || captured > original)) {
            std::swap(captured, original);
        }
        if (captured > packet_bytes_max_) {
            progress.broken = "a packet of " + std::to_string(captured) +
                              " bytes, expected at most " + std::to_string(packet_bytes_max_);
            break;
        }
        if (left - header_size < captured) {
            progress.wanted = header_size + captured;
            break;
        }
        const std::int64_t nanoseconds = std::int64_t{read_32(at, swapped)} * 1'000'000'000 +
                                         read_32(at + 4, swapped) * nanoseconds_per_unit_;
        out.push_back({.time = Time(Duration(std::min(nanoseconds, time_max))),
                       .number = ++number_,
                       .data = {at + header_size, captured},
                       .original_length = original,
                       .link_type = link_type_,
                       .origin = origin_});
        at += header_size + captured;
    }
    progress.consumed = static_cast<std::size_t>(at - window.data());
    return progress;
}

}  // namespace umbratap::capture
