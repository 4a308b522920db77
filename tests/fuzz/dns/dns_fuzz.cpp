// Cut short anywhere, a message has no more to say than the whole.
#include <algorithm>
#include <cstdlib>

#include "dns/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace umbratap;
    dns::Answer whole, part;
    dns::decode(Bytes(data, size), whole);
    for (const std::string& alias : whole.aliases) {
        if (alias.empty() || alias.size() > 4 * 255) std::abort();
    }
    if (whole.aliases.size() > dns::aliases_max || whole.addresses.size() > dns::records_max)
        std::abort();
    for (std::size_t length = 0; length < size; length += 1 + size / 64) {
        dns::decode(Bytes(data, length), part);
        if (!part.question.empty() && part.question != whole.question) std::abort();
        if (part.aliases.size() > whole.aliases.size()) std::abort();
        for (const auto& address : part.addresses) {
            if (std::find(whole.addresses.begin(), whole.addresses.end(), address) ==
                whole.addresses.end()) {
                std::abort();
            }
        }
    }
    return 0;
}
