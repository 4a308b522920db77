// HTTP/2 in both directions, with holes and ends, is read the same however it is cut; no more is
// unseen than was pushed; every exchange ends once; all memory but that of the connection is given
// back.
//
// The input is a script: one byte says what happens, two its length, and then the bytes follow. The
// first byte of all says how each direction begins.
#include <cstdlib>
#include <iostream>
#include <utility>

#include "http/reading.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

http::Limits small_limits() {
    http::Limits limits;
    limits.head_bytes_max = 512;
    limits.fields_max = 8;
    limits.text_bytes_max = 256;
    limits.inflated_bytes_max = 4096;
    limits.http2_streams_max = 4;
    limits.http2_continuations_max = 2;
    limits.http2_resets_max = limits.http2_settings_max = limits.http2_pings_max = 4;
    return limits;
}

std::vector<Said> conversation_in(Bytes script) {
    std::vector<Said> conversation;
    if (script.empty()) return conversation;
    if ((script.front() & 1) != 0)
        conversation.push_back({flow::Direction::to_server, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"});
    script = script.subspan(1);
    bool ended[2] = {};
    while (script.size() >= 3 && conversation.size() < 64) {
        const std::uint8_t what = script[0] & 15;
        const std::size_t length = big_endian_16(script.data() + 1);
        script = script.subspan(3);
        Said said;
        said.direction = (what & 1) != 0 ? flow::Direction::to_client : flow::Direction::to_server;
        if (what >= 14) {
            said.end = true;
        } else if (what >= 12) {
            said.missing = length;
        } else {
            const Bytes data = script.first(std::min(length, script.size()));
            said.bytes = as_text(data);
            script = script.subspan(data.size());
        }
        // Nothing comes behind an end (flow/stream_chunk.h).
        if (std::exchange(ended[flow::index(said.direction)],
                          ended[flow::index(said.direction)] || said.end))
            continue;
        conversation.push_back(std::move(said));
    }
    return conversation;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<Said> conversation = conversation_in({data, size});
    const std::string difference = conversation_differs_when_cut(conversation, small_limits(), 2);
    Reading reading(small_limits());
    for (const Said& said : conversation) reading.say(said);
    reading.end();
    if (difference.empty() && reading.exchanges_begun().size() <= reading.exchanges_ended().size())
        return 0;
    std::cerr << difference << "\n" << reading.seen();
    std::abort();
}
