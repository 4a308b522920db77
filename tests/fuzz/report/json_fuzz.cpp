// Someone else's JSON, copied into an event: what is taken is one line that every reader takes, and
// a copy of the copy is the same. The same holds for what is redacted.
#include <simdjson.h>

#include "report/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string copy, again;
    if (!umbratap::report::write_json_value(text, copy)) {
        if (!copy.empty()) __builtin_trap();
        return 0;
    }
    static simdjson::dom::parser parser;
    if (parser.parse(copy).error() != simdjson::SUCCESS) __builtin_trap();
    for (const char c : copy) {
        if (static_cast<unsigned char>(c) < 0x20) __builtin_trap();
    }
    if (!umbratap::report::write_json_value(copy, again) || again != copy) __builtin_trap();
    const std::string redacted = umbratap::report::redacted_json(text);
    again.clear();
    if (!umbratap::report::write_json_value(redacted, again) || again != redacted) __builtin_trap();
    return 0;
}
