// What rules/rhythm.yaml says of conversations whose software is known: how many of MCP it finds,
// and how much else.
//
// usage: measure ROOT [--markdown]        ROOT: of the sources
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "detect/rhythms.h"

using namespace umbratap;
using namespace umbratap::detect;

namespace {

struct Line {
    std::string label, part, http;
    std::vector<RhythmTurn> turns;
};

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(at, begin), text.size());
        parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

RhythmTurn turn_of(std::string text) {
    RhythmTurn one;
    one.http2 = text.starts_with("2:");
    if (one.http2) text.erase(0, 2);
    one.turn.sent = static_cast<std::uint32_t>(std::stoul(text));
    one.turn.received = static_cast<std::uint32_t>(std::stoul(text.substr(text.find('/') + 1)));
    return one;
}

std::vector<Line> read(const std::string& path) {
    std::vector<Line> lines;
    std::ifstream file(path);
    std::string text;
    std::getline(file, text);  // names of columns
    while (std::getline(file, text)) {
        const std::vector<std::string> cells = split(text, ',');
        Line& line = lines.emplace_back(Line{cells[0], cells[1], cells[4], {}});
        for (const std::string& turn : split(cells[5], ' ')) line.turns.push_back(turn_of(turn));
    }
    return lines;
}

struct Count {
    int all = 0, alone = 0, with_name = 0;
};

}  // namespace

int main(int count, char** words) {
    const std::string root = count > 1 ? words[1] : ".";
    const Rhythms rhythms(root + "/rules");
    std::map<std::tuple<std::string, std::string, std::string>, Count> counts;
    for (const Line& line : read(root + "/tests/rhythm/turns.csv")) {
        Count& sums = counts[{line.label, line.part, line.http}];
        ++sums.all;
        const auto alone = rhythms.weigh(line.turns, {});
        const auto with_name = rhythms.weigh(line.turns, {"mcp-label", {}});
        sums.alone += alone && alone->told ? 1 : 0;
        sums.with_name += with_name && with_name->told ? 1 : 0;
    }
    std::puts(
        "| | | HTTP | conversations | told by rhythm alone | by rhythm and name "
        "|\n|---|---|---|---|---|---|");
    Count held_out_mcp, held_out_other;
    for (const auto& [key, sums] : counts) {
        const auto& [label, part, http] = key;
        std::printf("| %s | %s | %s | %d | %d | %d |\n", label == "mcp" ? "MCP" : "not MCP",
                    part.c_str(), http.c_str(), sums.all, sums.alone, sums.with_name);
        if (part != "held-out") continue;
        Count& into = label == "mcp" ? held_out_mcp : held_out_other;
        into.all += sums.all;
        into.alone += sums.alone;
    }
    const bool good = held_out_other.all >= 30 && held_out_other.alone == 0 &&
                      held_out_mcp.all >= 50 && held_out_mcp.alone * 10 >= held_out_mcp.all * 9;
    if (!good)
        std::puts("WRONG: of what was held out too little of MCP is told, or something else is");
    return good ? 0 : 1;
}
