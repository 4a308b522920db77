// A conversation of both directions, with holes, ends and other readings, is read the same however
// it is cut.
//
// The input is a script: one byte says what happens, two its length, and then the bytes follow.
#include <cstdlib>
#include <iostream>

#include "http/reading.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

http::Limits small_limits() {
    http::Limits limits;
    limits.head_bytes_max = 512;
    limits.fields_max = 8;
    limits.text_bytes_max = 256;
    limits.line_bytes_max = 200;
    limits.inflated_bytes_max = 4096;
    limits.requests_waiting_max = 4;
    return limits;
}

std::vector<Said> conversation_in(Bytes script) {
    std::vector<Said> conversation;
    while (script.size() >= 3 && conversation.size() < 64) {
        const std::uint8_t what = script[0] & 7;
        const std::size_t length = big_endian_16(script.data() + 1);
        script = script.subspan(3);
        Said said;
        said.direction = (what & 1) != 0 ? flow::Direction::to_client : flow::Direction::to_server;
        if (what >= 6) {
            said.alternate = true;
        } else if (what >= 4) {
            said.end = true;
        } else if (what >= 2) {
            said.missing = length;
        }
        if (what < 2 || what >= 6) {
            const Bytes data = script.first(std::min(length, script.size()));
            said.bytes = as_text(data);
            script = script.subspan(data.size());
        }
        conversation.push_back(std::move(said));
    }
    return conversation;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string difference =
        conversation_differs_when_cut(conversation_in({data, size}), small_limits(), 2);
    if (difference.empty()) return 0;
    std::cerr << difference << "\n";
    std::abort();
}
