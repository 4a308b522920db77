// The first byte says how the rest, a pcapng file, is cut; whole and cut must give the same.
#include <cstdlib>

#include "capture/captures.h"
#include "capture/pcapng.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace umbratap;
    using capture::PcapngDecoder;
    if (size < 1) return 0;
    const Bytes file(data + 1, size - 1);
    const capture::Origin origin{"fuzz", true};
    const auto read = [&](const std::vector<Bytes>& pieces, std::size_t frames_max) {
        PcapngDecoder decoder(origin);
        std::string said = test::decode_pieces(decoder, pieces, frames_max);
        for (const std::string& remark : decoder.take_remarks()) said += remark;
        for (const std::string& secrets : decoder.take_secrets()) said += secrets;
        return said;
    };
    if (read({file}, 256) != read(test::pieces_of(file, data[0]), 1)) std::abort();
    return 0;
}
