// A pcapng file is blocks, each with its length in front and behind, so that unknown ones can be
// passed over:
//
//   0      4              8                       length - 4      length
//   | type | total length | body, padded to 4 ... | total length |
//
//   section header 0a0d0d0a | byte order 1a2b3c4d | major, minor | section's length | options
//   interface      1        | link type, 0 | snap length | options: if_tsresol, if_tsoffset
//   packet (old)   2        | interface, drops | time high | low | captured | original | bytes ...
//   simple packet  3        | original | bytes: cut to interface 0's snap length, without time
//   packet         6        | interface | time high | low | captured | original | bytes | options
//   secrets        a        | kind | length | bytes | options
//
// Lengths of blocks are the file's backbone: where one is wrong, nothing behind it can be found,
// and reading ends. What is wrong within a block costs that block only.
#include "capture/pcapng.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace umbratap::capture {

namespace {

constexpr std::uint32_t block_section = 0x0a0d0d0a;
constexpr std::uint32_t block_interface = 1;
constexpr std::uint32_t block_old_packet = 2;
constexpr std::uint32_t block_simple_packet = 3;
constexpr std::uint32_t block_packet = 6;
constexpr std::uint32_t block_secrets = 10;
// No packets, yet Wireshark gives them numbers among the packets.
constexpr std::uint32_t block_journal = 9;
constexpr std::uint32_t block_custom = 0x0bad;
constexpr std::uint32_t block_custom_uncopied = 0x40000bad;
constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr std::uint32_t secrets_tls_key_log = 0x544c534b;

constexpr std::uint16_t option_end = 0;
constexpr std::uint16_t option_time_resolution = 9;
constexpr std::uint16_t option_time_offset = 14;

constexpr std::size_t block_bytes_min = 12;
constexpr std::size_t section_bytes_min = 28;
constexpr std::size_t block_bytes_max = packet_bytes_max + 64 * 1024;

std::uint64_t power(std::uint64_t base, unsigned exponent) noexcept {
    std::uint64_t value = 1;
    while (exponent-- > 0) value *= base;
    return value;
}

}  // namespace

bool PcapngDecoder::recognises(Bytes head) noexcept {
    return head.size() >= 12 && little_endian_32(head.data()) == block_section &&
           (little_endian_32(head.data() + 8) == byte_order_magic ||
            big_endian_32(head.data() + 8) == byte_order_magic);
}

Progress PcapngDecoder::decode(Bytes window, std::size_t frames_max, Batch<Frame>& out) {
    Progress progress;
    std::size_t count = 0;
    // Not more than so many blocks at once, be they packets or not: the caller gives memory back in
    // between. The first section header is read even when no frames are asked for.
    for (std::size_t blocks_left = 16 * frames_max; count < frames_max || !in_section_;
         --blocks_left) {
        if (blocks_left == 0 && in_section_) break;
        const Bytes left = window.subspan(progress.consumed);
        if (left.size() < block_bytes_min) {
            progress.wanted = block_bytes_min;
            break;
        }
        const std::uint32_t type = read(left.data());
        if (type == block_section || !in_section_) {
            if (!recognises(left)) {
                progress.broken = "a section header without byte order";
                break;
            }
            swapped_ = little_endian_32(left.data() + 8) != byte_order_magic;
        }
        const std::size_t length = read(left.data() + 4);
        const std::size_t length_min = type == block_section ? section_bytes_min : block_bytes_min;
        if (length < length_min || length % 4 != 0 || length > block_bytes_max) {
            progress.broken = "a block of " + std::to_string(length) +
                              " bytes, expected a multiple of 4 from " +
                              std::to_string(length_min) + " to " + std::to_string(block_bytes_max);
            break;
        }
        if (left.size() < length) {
            progress.wanted = length;
            break;
        }
        const Bytes block = left.first(length);
        if (read(block.data() + length - 4) != length) {
            progress.broken = "a block whose two lengths differ: " + std::to_string(length) +
                              " and " + std::to_string(read(block.data() + length - 4));
            break;
        }
        switch (type) {
            case block_packet:
            case block_simple_packet:
            case block_old_packet:
                count += add_packet(block, type, out) ? 1 : 0;
                break;
            case block_section:
                if (const char* wrong = open_section(block)) progress.broken = wrong;
                break;
            case block_interface:
                add_interface(block);
                break;
            case block_custom:
            case block_custom_uncopied:
            case block_journal:
                ++number_;
                break;
            case block_secrets:
                add_secrets(block);
                break;
            default:
                break;
        }
        if (!progress.broken.empty()) break;
        progress.consumed += length;
        offset_ += length;
    }
    return progress;
}

const char* PcapngDecoder::open_section(Bytes block) {
    if (read_16(block.data() + 12, swapped_) != 1)
        return "a section of another pcapng version than 1";
    interfaces_.clear();
    in_section_ = true;
    return nullptr;
}

void PcapngDecoder::add_interface(Bytes block) {
    if (block.size() < 20) {
        remark(Remark::block,
               "an interface description of " + std::to_string(block.size()) + " bytes");
        return;
    }
    if (interfaces_.size() >= interfaces_max) {
        remark(Remark::interface, "more than " + std::to_string(interfaces_max) + " interfaces");
        return;
    }
    Interface interface;
    interface.link_type = read_16(block.data() + 8, swapped_);
    interface.snap_length = read(block.data() + 12);
    interface.packet_bytes_max =
        std::clamp(interface.snap_length, packet_bytes_usual, packet_bytes_max);
    interface.read_options(block.subspan(16, block.size() - 20), swapped_);
    interfaces_.push_back(interface);
}

/// Options are `| code 2 | length 2 | value, padded to 4 |`; what does not fit ends them.
void PcapngDecoder::Interface::read_options(Bytes options, bool swapped) noexcept {
    while (options.size() >= 4) {
        const std::uint16_t code = read_16(options.data(), swapped);
        const std::size_t length = read_16(options.data() + 2, swapped);
        if (code == option_end || options.size() - 4 < length) return;
        const std::uint8_t* value = options.data() + 4;
        if (code == option_time_resolution && length >= 1) {
            const bool binary = (*value & 0x80) != 0;
            const unsigned exponent = *value & 0x7fU;
            const bool fits = exponent < (binary ? 64U : 20U);
            units_per_second =
                fits ? power(binary ? 2 : 10, exponent) : std::numeric_limits<std::uint64_t>::max();
            const bool whole =
                units_per_second <= 1'000'000'000 && 1'000'000'000 % units_per_second == 0;
            nanoseconds_per_unit = whole ? 1'000'000'000 / units_per_second : 0;
        }
        if (code == option_time_offset && length >= 8) {
            const std::uint64_t first = read_32(value, swapped);
            const std::uint64_t second = read_32(value + 4, swapped);
            offset_seconds =
                static_cast<std::int64_t>(swapped ? first << 32 | second : second << 32 | first);
        }
        options = options.subspan(std::min(options.size(), 4 + (length + 3) / 4 * 4));
    }
}

Time PcapngDecoder::Interface::time(std::uint64_t units) const noexcept {
    constexpr auto second = 1'000'000'000;
    if (nanoseconds_per_unit != 0 && offset_seconds == 0) {
        const std::uint64_t units_max = time_max / nanoseconds_per_unit;
        const std::uint64_t nanoseconds =
            units <= units_max ? units * nanoseconds_per_unit : time_max;
        return Time(Duration(static_cast<std::int64_t>(nanoseconds)));
    }
    // `__extension__`: ISO C++ has no 128-bit numbers, and one is needed between multiplying and
    // dividing.
    __extension__ typedef __int128 Wide;
    const Wide seconds = Wide{units / units_per_second} + offset_seconds;
    const Wide fraction = Wide{units % units_per_second} * second / units_per_second;
    return Time(Duration(
        static_cast<std::int64_t>(std::clamp<Wide>(seconds * second + fraction, 0, time_max))));
}

const PcapngDecoder::Interface* PcapngDecoder::find_interface(std::uint32_t id) {
    if (id < interfaces_.size()) return &interfaces_[id];
    remark(Remark::interface, "a packet of interface " + std::to_string(id) +
                                  ", of which there are " + std::to_string(interfaces_.size()));
    return nullptr;
}

bool PcapngDecoder::add_packet(Bytes block, std::uint32_t type, Batch<Frame>& out) {
    const bool simple = type == block_simple_packet;
    const std::size_t header_size = simple ? 12 : 28;
    if (block.size() < header_size + 4) {
        return remark(Remark::block,
                      "a packet block of " + std::to_string(block.size()) + " bytes");
    }
    const std::uint8_t* at = block.data();
    const std::size_t room = block.size() - header_size - 4;
    const std::uint32_t id = simple                 ? 0
                             : type == block_packet ? read(at + 8)
                                                    : read_16(at + 8, swapped_);
    const Interface* interface = find_interface(id);
    if (interface == nullptr) return false;

    Frame frame;
    std::uint32_t captured = 0;
    if (simple) {
        frame.time = last_time_;  // it has none of its own
        captured = frame.original_length = read(at + 8);
        if (interface->snap_length != 0) captured = std::min(captured, interface->snap_length);
    } else {
        frame.time = interface->time(std::uint64_t{read(at + 12)} << 32 | read(at + 16));
        captured = read(at + 20);
        frame.original_length = read(at + 24);
    }
    if (captured > room || captured > interface->packet_bytes_max) {
        return remark(Remark::packet_length,
                      "a packet of " + std::to_string(captured) + " bytes, expected at most " +
                          std::to_string(std::min<std::size_t>(room, interface->packet_bytes_max)));
    }
    frame.number = ++number_;
    last_time_ = frame.time;
    frame.data = {at + header_size, captured};
    frame.link_type = interface->link_type;
    frame.origin = origin_;
    out.push_back(frame);
    return true;
}

void PcapngDecoder::add_secrets(Bytes block) {
    if (block.size() < 20 || read(block.data() + 12) > block.size() - 20) {
        remark(Remark::block, "a block of secrets longer than the block");
        return;
    }
    if (read(block.data() + 8) != secrets_tls_key_log) return;
    const Bytes secrets = block.subspan(16, read(block.data() + 12));
    if (secrets.size() > secret_bytes_max - secret_bytes_) {
        remark(Remark::secrets,
               "more than " + std::to_string(secret_bytes_max) + " bytes of TLS secrets");
        return;
    }
    // An empty one weighs as well: a string is not free.
    secret_bytes_ =
        std::min(secret_bytes_max, secret_bytes_ + secrets.size() + sizeof(std::string));
    secrets_.emplace_back(as_text(secrets));
}

/// False, always: what is remarked on was not taken.
bool PcapngDecoder::remark(Remark what, std::string text) {
    bool& remarked = remarked_[static_cast<std::size_t>(what)];
    if (!remarked)
        remarks_.push_back("byte " + std::to_string(offset_) + ": " + std::move(text) +
                           "; passed over");
    remarked = true;
    return false;
}

std::vector<std::string> PcapngDecoder::take_secrets() {
    secret_bytes_ = 0;
    return std::exchange(secrets_, {});
}

std::vector<std::string> PcapngDecoder::take_remarks() {
    return std::exchange(remarks_, {});
}

}  // namespace umbratap::capture
