// Field blocks are decoded the same however they are cut, with a table that is known and with one
// that is not, and all memory is given back.
//
// The input is a list of blocks, each behind two bytes of length.
#include <cstdlib>
#include <iostream>

#include "http/http2_head.h"
#include "http/http2_hpack.h"
#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

std::string read(Bytes blocks, bool known, std::size_t piece) {
    http::Limits limits;
    limits.head_bytes_max = 4096;
    limits.fields_max = 32;
    Budget budget(1 << 21);
    std::string out;
    {
        http::HpackDecoder decoder(budget);
        if (!known) decoder.lose();
        while (blocks.size() >= 2) {
            const std::size_t length =
                std::min<std::size_t>(big_endian_16(blocks.data()), blocks.size() - 2);
            Bytes block = blocks.subspan(2, length);
            blocks = blocks.subspan(2 + length);
            http::Http2Fields fields(limits);
            Problem problem = decoder.begin_block(0);
            while (!problem && !block.empty()) {
                const Bytes part = block.first(std::min(piece, block.size()));
                block = block.subspan(part.size());
                problem = decoder.push(part, fields);
            }
            if (!problem) problem = decoder.end_block();
            http::Head head;
            head.is_request = fields.is_request();
            const Problem wrong = fields.move_to(head);
            out.append(problem.name()).append(" ").append(wrong.name()).append("\n");
            out.append(head.method + head.target + head.authority + head.scheme);
            for (std::size_t i = 0; i < head.fields.size(); ++i)
                out.append(head.fields.name(i)).append("=").append(head.fields.value(i));
        }
    }
    if (budget.used() != 0) std::abort();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    for (const bool known : {true, false}) {
        const std::string whole = read({data, size}, known, SIZE_MAX);
        const std::string pieces = read({data, size}, known, 1);
        if (whole == pieces) continue;
        std::cerr << whole << "\nin pieces:\n" << pieces << "\n";
        std::abort();
    }
    return 0;
}
