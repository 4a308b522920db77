// The pcapng file format (draft-ietf-opsawg-pcapng): sections of either byte order, each with
// interfaces of their own, packets in three kinds of blocks, and TLS secrets.
#pragma once

#include <string>
#include <vector>

#include "capture/decoder.h"

namespace umbratap::capture {

class PcapngDecoder {
public:
    /// The first 12 bytes of a section: what a pcapng file begins with.
    static bool recognises(Bytes head) noexcept;

    explicit PcapngDecoder(const Origin& origin) : origin_(&origin) {}

    /// Appends at most `frames_max` frames, which point into `window`: what follows the bytes
    /// consumed so far. Blocks that it does not know are passed over.
    Progress decode(Bytes window, std::size_t frames_max, Batch<Frame>& out);

    /// TLS secrets in key log format, since the last call.
    std::vector<std::string> take_secrets();
    /// Blocks that made no sense and were passed over, since the last call; the first of a kind
    /// only.
    std::vector<std::string> take_remarks();

    static constexpr std::size_t interfaces_max = 65536;        ///< in a section
    static constexpr std::size_t secret_bytes_max = 16U << 20;  ///< waiting to be taken

private:
    struct Interface {
        std::uint16_t link_type = 0;
        std::uint32_t snap_length = 0;  // 0: none
        std::uint32_t packet_bytes_max = packet_bytes_usual;
        std::uint64_t units_per_second = 1'000'000;
        std::uint64_t nanoseconds_per_unit = 1000;  // 0 where that is no whole number
        std::int64_t offset_seconds = 0;

        Time time(std::uint64_t units) const noexcept;
        void read_options(Bytes options, bool swapped) noexcept;
    };

    /// Things that are remarked on once a file.
    enum class Remark : std::uint8_t { interface, block, packet_length, secrets, count };

    const char* open_section(Bytes block);
    void add_interface(Bytes block);
    void add_secrets(Bytes block);
    bool add_packet(Bytes block, std::uint32_t type, Batch<Frame>& out);
    const Interface* find_interface(std::uint32_t id);
    bool remark(Remark what, std::string text);
    std::uint32_t read(const std::uint8_t* at) const noexcept { return read_32(at, swapped_); }

    const Origin* origin_;
    std::vector<Interface> interfaces_;
    std::vector<std::string> secrets_;
    std::vector<std::string> remarks_;
    std::size_t secret_bytes_ = 0;
    std::uint64_t offset_ = 0;  // of the block in hand, within the file
    std::uint64_t number_ = 0;
    Time last_time_{};
    bool swapped_ = false;
    bool in_section_ = false;
    bool remarked_[static_cast<std::size_t>(Remark::count)] = {};
};

}  // namespace umbratap::capture
