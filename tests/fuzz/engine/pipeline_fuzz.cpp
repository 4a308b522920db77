// The whole journey: any frames (two bytes of length, then an Ethernet frame, and so on) end without harm, and every
// byte of payload has one fate.
#include <cstdlib>

#include "engine/journey.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace umbratap;
    static capture::Origin origin{"fuzz", true};
    std::vector<test::OwnedFrame> frames;
    Time time{};
    while (size >= 2 && frames.size() < 256) {
        const std::size_t length = std::min<std::size_t>(big_endian_16(data) & 0x7fff, size - 2);
        time += std::chrono::milliseconds(data[0] & 0x80 ? 20'000 : 1);
        capture::Frame frame;
        frame.time = time;
        frame.number = frames.size() + 1;
        frame.original_length = static_cast<std::uint32_t>(length);
        frame.link_type = 1;
        frame.origin = &origin;
        frames.push_back({{data + 2, data + 2 + length}, frame});
        data += 2 + length;
        size -= 2 + length;
    }
    for (test::OwnedFrame& one : frames) one.frame.data = one.bytes;
    const test::Arrival arrival = test::travel(test::all(frames));
    if (arrival.counts.fates.sum() != arrival.counts.tcp_payload + arrival.counts.quic_payload)
        std::abort();
    std::string line;
    for (const inventory::Record& record : arrival.records) report::write_eve(record, {}, line);
    return 0;
}
