// Two readings of one input. As datagrams (a length in two bytes, then as many bytes): nothing
// breaks and nothing stays. As frames, sealed with the right keys: order and number of packets do
// not matter, as long as all fit.
#include <algorithm>
#include <cstdlib>

#include "tls/quic_bytes.h"
#include "tls/quic_initial.h"

namespace {

using namespace umbratap;
using State = tls::QuicInitialReader::State;

std::vector<Bytes> pieces_of(Bytes in) {
    std::vector<Bytes> pieces;
    while (in.size() >= 2) {
        const std::size_t size = std::min<std::size_t>(big_endian_16(in.data()), in.size() - 2);
        pieces.push_back(in.subspan(2, size));
        in = in.subspan(2 + size);
    }
    return pieces;
}

void check(const tls::QuicInitialReader& reader, const Budget& budget) {
    if (reader.state() != State::reading && budget.used() != 0) std::abort();
    if (reader.hello().server_name.find_first_of(std::string_view("\0 \n", 3)) != std::string::npos)
        std::abort();
}

void read_datagrams(const std::vector<Bytes>& datagrams) {
    Budget budget(1 << 20);
    tls::QuicInitialReader reader(budget);
    std::uint64_t sent = 0;
    for (const Bytes datagram : datagrams) {
        reader.push(datagram);
        sent += datagram.size();
    }
    if (reader.opened_bytes() > sent) std::abort();
    check(reader, budget);
}

std::string read_frames(const std::vector<Bytes>& packets, bool together) {
    const tls::test::Sealer sealer("12345678");
    Budget budget(1 << 20);
    tls::QuicInitialReader reader(budget);
    std::string datagram;
    std::uint32_t number = 0;
    for (const Bytes frames : packets) {
        datagram += sealer.seal(std::string(as_text(frames)), number++);
        if (together) continue;
        reader.push(as_bytes(datagram));
        datagram.clear();
    }
    if (together) reader.push(as_bytes(datagram));
    check(reader, budget);
    return reader.state() == State::done ? reader.hello().server_name + reader.hello().ja4 : "";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const auto pieces = pieces_of(Bytes(data + 1, size - 1));
    if (data[0] == 0) {
        read_datagrams(pieces);
    } else if (pieces.size() <= tls::QuicInitialReader::packets_max) {
        const std::string apart = read_frames(pieces, false);
        if (!apart.empty() && read_frames(pieces, true) != apart) std::abort();
    }
    return 0;
}
