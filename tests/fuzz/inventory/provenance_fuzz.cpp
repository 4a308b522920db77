// Whoever says what to whom: no content travels from a server to itself, what travels is long
// enough, and the key of the run changes nothing.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "inventory/provenance.h"
#include "mcp/readable.h"

using namespace umbratap;
using namespace umbratap::inventory;

namespace {

void demand(bool holds) {
    if (!holds) std::abort();
}

/// Lines that begin with a letter: who, to whom, in which direction; and after how many seconds.
std::string told(Bytes lines, const Seal::Key& key) {
    ProvenanceLimits limits;
    limits.fingerprints_max = 512;
    limits.lifetime = std::chrono::seconds(60);
    Provenance provenance(limits);
    detect::Winnowing winnowing(key);
    mcp::JsonReader reader;
    mcp::ReadableStrings strings;
    std::string out;
    Time now{};
    std::string_view rest = as_text(lines);
    while (rest.size() > 2) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.size() < 3) continue;
        const auto who = static_cast<std::uint8_t>(line[0]);
        now += std::chrono::seconds(static_cast<std::uint8_t>(line[1]) % 40);
        const std::uint8_t address[] = {10, 0, 0, static_cast<std::uint8_t>(who & 3)};
        const ContentEnd end{packet::Address::from_v4(address),
                             std::string(1, static_cast<char>('a' + (who >> 2) % 4)),
                             "tools/call",
                             "tool",
                             Verdict::approved,
                             now};
        if (!reader.read(as_bytes(line.substr(2)), strings)) continue;
        detect::Fingerprints content;
        winnowing.read(strings, content);
        for (std::size_t i = 1; i < content.all.size(); ++i)
            demand(content.all[i].position > content.all[i - 1].position);
        if ((who & 0x10) != 0) {
            provenance.note_returned(end, content);
            continue;
        }
        Batch<ContentTravel> travels;
        provenance.note_sent(end, content, travels);
        for (const ContentTravel& travel : travels) {
            demand(travel.from.server != end.server && !travel.where.empty());
            demand(travel.characters >= limits.characters_min && travel.characters <= line.size());
            out += travel.from.server + '>' + end.server + ' ' + std::to_string(travel.characters) +
                   ' ' + travel.where + '\n';
        }
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes lines(data, size);
    demand(told(lines, {1}) == told(lines, {2}));
    return 0;
}
