// Any line, taken for an event: each rendering refuses it or writes at most one line, harmless, and
// JSON where it says so. The first byte picks the rendering.
#include <simdjson.h>

#include "report/rendering.h"
#include "report/text.h"

using namespace umbratap::report;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto rendering = static_cast<Rendering>(1 + data[0] % 5);
    const std::string_view line(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::string out;
    if (!render(rendering, line, out) && !out.empty()) __builtin_trap();
    if (out.empty()) return 0;
    if (out.find('\n') != out.size() - 1) __builtin_trap();
    const bool leef = rendering == Rendering::leef;
    if (!leef && rendering != Rendering::cef) {
        static simdjson::dom::parser parser;
        if (parser.parse(out).error() != simdjson::SUCCESS) __builtin_trap();
    }
    for (std::string_view rest = std::string_view(out).substr(0, out.size() - 1); !rest.empty();) {
        const Character character = first_character(rest);
        const bool delimiter = leef && character.code == '\t';
        if (!character.valid || (is_deceptive(character.code) && !delimiter)) __builtin_trap();
        rest.remove_prefix(character.length);
    }
    return 0;
}
