// Any answer is read, or is none.
#include <cstdint>

#include "report/sinks/http_answers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace umbratap::report;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    read_hec_answer(body);
    read_hec_acknowledgements(body);
    read_bulk_answer(body);
    for (const char letter : excerpt(body).substr(0, 100)) {
        if (letter >= 0 && letter < 32) __builtin_trap();
    }
    return 0;
}
