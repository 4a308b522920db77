// The first byte says how the rest, a pcap file, is cut; whole and cut must give the same.
#include <cstdlib>

#include "capture/captures.h"
#include "capture/pcap.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace umbratap;
    using capture::PcapDecoder;
    if (size < 1 + PcapDecoder::header_bytes) return 0;
    const Bytes header(data + 1, PcapDecoder::header_bytes);
    if (!PcapDecoder::recognises(header)) return 0;
    const Bytes records(data + 25, size - 25);
    const capture::Origin origin{"fuzz", true};
    const auto read = [&](const std::vector<Bytes>& pieces, std::size_t frames_max) {
        PcapDecoder decoder(header, origin);
        return test::decode_pieces(decoder, pieces, frames_max);
    };
    if (read({records}, 256) != read(test::pieces_of(records, data[0]), 1)) std::abort();
    return 0;
}
