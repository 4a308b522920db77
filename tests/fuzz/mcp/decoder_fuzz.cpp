// Any bytes: the decoder reads the same padded or not, used or new; what it calls a message is
// "perhaps" to the pre-filter; what it passes on is UTF-8, and sound JSON where it says so.
#include <cstdint>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "detect/prefilter.h"
#include "mcp/encoding.h"
#include "mcp/json_text.h"
#include "mcp/message.h"

using namespace umbratap;

namespace {

void demand(bool holds) {
    if (!holds) __builtin_trap();
}

void demand_utf_8(const std::string& text) {
    std::string mended;
    mcp::append_mended(mended, text);
    demand(mended == text);
}

void demand_sound(const std::string& json) {
    if (json.empty()) return;
    mcp::JsonIndex index;
    mcp::Grammar grammar;
    demand(!index.read(as_bytes(json)) && grammar.holds(index, 0, index.count()));
}

/// Everything that a message says, one thing a line.
std::string told(const mcp::Message& message) {
    std::string out;
    const auto add = [&](const std::string& text) {
        demand_utf_8(text);
        out += text + '\n';
    };
    for (const std::string* text :
         {&message.method, &message.other_method, &message.id, &message.tool, &message.prompt,
          &message.resource_uri, &message.protocol_version, &message.client.name,
          &message.client.version, &message.server.name, &message.server.version,
          &message.error_message, &message.arguments, &message.result}) {
        add(*text);
    }
    for (const mcp::Tool& tool : message.tools) {
        add(tool.name);
        add(tool.definition);
        demand_sound(tool.definition);
    }
    for (const mcp::Fact& fact : message.facts) {
        add(std::to_string(fact.pointer) + " " + std::to_string(static_cast<int>(fact.type)) + " " +
            fact.value);
        demand(fact.value.size() <= 256);
    }
    demand_sound(message.id);
    demand_sound(message.arguments);
    demand_sound(message.result);
    const auto& odd = message.oddities;
    return out + std::to_string(static_cast<int>(message.kind)) + std::to_string(message.batch) +
           std::to_string(odd.duplicate_key) + std::to_string(odd.folded_key) +
           std::to_string(odd.escaped_name) + std::to_string(odd.utf_16) +
           std::to_string(odd.invalid_utf_8) + std::to_string(message.error_code) + " " +
           std::to_string(message.bytes) + "\n";
}

std::string reading(mcp::Decoder& decoder, Bytes text, bool padded, std::size_t& messages) {
    Batch<mcp::Message> batch;
    std::string out = std::string(decoder.decode(text, padded, batch).name()) + "\n";
    for (const mcp::Message& message : batch) out += told(message);
    messages = batch.size();
    return out;
}

const mcp::Watch& watch() {
    static const mcp::Watch all = [] {
        mcp::Watch made;
        for (const char* pointer : {"", "/id", "/method", "/params/capabilities",
                                    "/params/_meta/a~1b", "/result/tools/0/inputSchema",
                                    "/result/content/1/text", "/result/tools", "/error/data/0/0"}) {
            made.add(pointer);
        }
        return made;
    }();
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const detect::Prefilter prefilter(RULES_DIRECTORY, "");
    static detect::Prefilter::Scanner scanner(prefilter);
    static mcp::Decoder used({}, watch(), {.payloads = true});
    static mcp::Decoder other({}, watch(), {.payloads = true});
    const Bytes text(data, size);
    std::vector<std::uint8_t> padded(data, data + size);
    padded.resize(size + readable_padding, '"');
    std::size_t messages = 0;
    const std::string first = reading(used, text, false, messages);
    demand(messages == 0 || scanner.perhaps(text));
    demand(reading(other, Bytes(padded).first(size), true, messages) == first);
    if (size % 8 != 0) return 0;  // a new decoder is dear
    mcp::Decoder fresh({}, watch(), {.payloads = true});
    demand(reading(fresh, text, false, messages) == first);
    return 0;
}
