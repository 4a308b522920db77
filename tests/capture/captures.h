// Captures as bytes, written by hand; and how to read them in pieces.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/batch.h"
#include "base/bytes.h"
#include "capture/decoder.h"

namespace umbratap::test {

/// Numbers in one byte order, one behind the other.
class Octets {
public:
    explicit Octets(bool big_endian = false) : big_endian_(big_endian) {}
    Octets& u8(unsigned value) { return put(value, 1); }
    Octets& u16(unsigned value) { return put(value, 2); }
    Octets& u32(std::uint64_t value) { return put(value, 4); }
    Octets& u64(std::uint64_t value) { return put(value, 8); }
    Octets& text(std::string_view of) {
        content_ += of;
        return *this;
    }
    Octets& pad_to_4() { return text(std::string((4 - content_.size() % 4) % 4, '\0')); }
    const std::string& content() const { return content_; }

private:
    Octets& put(std::uint64_t value, int size) {
        for (int i = 0; i < size; ++i) {
            const int at = big_endian_ ? size - 1 - i : i;
            content_ += static_cast<char>(value >> (8 * at) & 0xff);
        }
        return *this;
    }
    bool big_endian_;
    std::string content_;
};

inline std::string pcap_header(std::uint32_t magic = 0xa1b2c3d4, bool big_endian = false,
                               std::uint32_t link_type = 1, std::uint32_t snap_length = 65535,
                               unsigned major = 2, unsigned minor = 4) {
    Octets out(big_endian);
    out.u32(magic).u16(major).u16(minor).u32(0).u32(0).u32(snap_length).u32(link_type);
    return out.content();
}

inline std::string pcap_record(std::uint32_t seconds, std::uint32_t fraction,
                               std::string_view packet, bool big_endian = false) {
    Octets out(big_endian);
    out.u32(seconds).u32(fraction).u32(packet.size()).u32(packet.size() + 10).text(packet);
    return out.content();
}

/// A pcapng block around a body of any length.
inline std::string block(std::uint32_t type, std::string_view body, bool big_endian = false) {
    Octets padded;
    padded.text(body).pad_to_4();
    const std::size_t length = 12 + padded.content().size();
    Octets out(big_endian);
    out.u32(type).u32(length).text(padded.content()).u32(length);
    return out.content();
}

inline std::string section(bool big_endian = false) {
    Octets body(big_endian);
    body.u32(0x1a2b3c4d).u16(1).u16(0).u64(~std::uint64_t{0});
    return block(0x0a0d0d0a, body.content(), big_endian);
}

inline std::string interface_block(unsigned link_type, std::uint32_t snap_length = 0,
                                   std::string_view options = {}, bool big_endian = false) {
    Octets body(big_endian);
    body.u16(link_type).u16(0).u32(snap_length).text(options);
    return block(1, body.content(), big_endian);
}

inline std::string packet_block(std::uint32_t interface, std::uint64_t time,
                                std::string_view packet, bool big_endian = false) {
    Octets body(big_endian);
    body.u32(interface).u32(time >> 32).u32(time & 0xffffffff);
    body.u32(packet.size()).u32(packet.size()).text(packet);
    return block(6, body.content(), big_endian);
}

inline std::string secrets_block(std::string_view secrets, std::uint32_t kind = 0x544c534b) {
    Octets body;
    body.u32(kind).u32(secrets.size()).text(secrets);
    return block(10, body.content());
}

inline std::string describe(const capture::Frame& frame) {
    return std::to_string(frame.number) + "@" +
           std::to_string(frame.time.time_since_epoch().count()) + " link " +
           std::to_string(frame.link_type) + " of " + std::to_string(frame.original_length) + ": " +
           std::string(as_text(frame.data)) + "\n";
}

/// Everything that a decoder makes of a stream, as text, when it comes in pieces.
template <class Decoder>
std::string decode_pieces(Decoder& decoder, const std::vector<Bytes>& pieces,
                          std::size_t frames_max = 3) {
    std::vector<std::uint8_t> window;
    std::string said;
    for (const Bytes piece : pieces) {
        window.insert(window.end(), piece.begin(), piece.end());
        // An exact copy, so that AddressSanitizer sees a read behind the end.
        window = std::vector<std::uint8_t>(window);
        Bytes left = window;
        for (;;) {
            Batch<capture::Frame> frames;
            const capture::Progress progress = decoder.decode(left, frames_max, frames);
            for (const capture::Frame& frame : frames) said += describe(frame);
            left = left.subspan(progress.consumed);
            if (!progress.broken.empty()) return said + "broken: " + progress.broken;
            if (progress.wanted > 0) break;
        }
        window = std::vector<std::uint8_t>(left.begin(), left.end());
    }
    return said + (window.empty() ? "ended" : "cut short");
}

/// Pieces of `bytes` and a few more, of different sizes.
inline std::vector<Bytes> pieces_of(Bytes input, unsigned bytes) {
    std::vector<Bytes> pieces;
    for (std::size_t i = 0; !input.empty(); ++i) {
        pieces.push_back(input.first(std::min<std::size_t>(input.size(), 1 + bytes + i % 3)));
        input = input.subspan(pieces.back().size());
    }
    return pieces;
}

}  // namespace umbratap::test
