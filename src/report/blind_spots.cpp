// Why anything stayed unseen, in words: a result that is empty must say whether there was nothing,
// or nothing to see.
#include "report/blind_spots.h"

#include <algorithm>
#include <numeric>

#include "report/quantity.h"

namespace umbratap::report {

namespace {

using inventory::Stats;

std::uint64_t value_of(const std::map<std::string, std::uint64_t>& values, const char* name) {
    const auto found = values.find(name);
    return found == values.end() ? 0 : found->second;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0 || part == 0) return "0 %";
    const auto hundredths = static_cast<std::uint64_t>(
        100.0 * static_cast<double>(part) / static_cast<double>(whole) + 0.5);
    if (hundredths == 0) return "less than 1 %";
    if (hundredths >= 100 && part < whole) return "over 99 %";
    return std::to_string(std::min<std::uint64_t>(hundredths, 100)) + " %";
}

std::uint64_t blind_bytes(const Stats& stats) {
    return std::accumulate(
        stats.blind.begin(), stats.blind.end(), std::uint64_t{0},
        [](std::uint64_t sum, const auto& reason) { return sum + reason.second; });
}

struct Spot {
    std::uint64_t bytes;
    std::string text;
};

/// "412 TLS connections without keys (31.2 MB)": what is known of number and size.
std::string told(std::uint64_t count, const std::string& noun, const std::string& what,
                 std::uint64_t bytes) {
    std::string text = count > 0 ? counted(count, noun) + ' ' + what : noun + "s " + what;
    if (bytes > 0) text += " (" + bytes_text(bytes) + ')';
    return text;
}

void add_encrypted(const Stats& stats, std::vector<Spot>& spots) {
    const auto add = [&](const char* count_name, const char* reason, const char* noun,
                         const char* what) {
        const std::uint64_t count = value_of(stats.connections, count_name),
                            bytes = value_of(stats.blind, reason);
        if (count > 0 || bytes > 0) spots.push_back({bytes, told(count, noun, what, bytes)});
    };
    add("tls_no_key", "no_key", "TLS connection", "without keys; --keylog takes them");
    add("tls_unsupported", "unsupported", "connection",
        "in a version, cipher or protocol that is not read yet");
    add("tls_ech", "ech", "TLS connection", "with the server's name encrypted (ECH)");
    add("quic", "quic", "QUIC connection", "without keys");
}

void add_lost(const Stats& stats, std::vector<Spot>& spots) {
    if (const std::uint64_t bytes = value_of(stats.blind, "midstream");
        bytes > 0 || stats.flows.midstream > 0) {
        spots.push_back({bytes, told(stats.flows.midstream, "connection",
                                     "that began before the capture did", bytes)});
    }
    if (const std::uint64_t bytes = value_of(stats.blind, "one_direction");
        bytes > 0 || stats.flows.one_direction > 0) {
        const std::uint64_t flows = stats.flows.tcp, count = stats.flows.one_direction;
        const bool many = count * 20 >= flows && flows > 0;
        std::string text = many ? percent(count, flows) + " of TCP connections one-directional"
                                : told(count, "TCP connection", "one-directional", 0);
        if (bytes > 0) text += " (" + bytes_text(bytes) + ')';
        if (many) text += ": does the mirror port send both directions?";
        spots.push_back({bytes, text});
    }
    if (const std::uint64_t bytes = value_of(stats.blind, "gap"); bytes > 0) {
        spots.push_back(
            {bytes, bytes_text(bytes) + " behind packets that are missing in the capture"});
    }
    const std::uint64_t cut = value_of(stats.connections, "truncated_packets");
    if (const std::uint64_t bytes = value_of(stats.blind, "truncated"); bytes > 0 || cut > 0) {
        spots.push_back(
            {bytes, told(cut, "packet", "cut by the snap length; capture whole ones", bytes)});
    }
    // A cut packet leaves a hole, too.
    if (const std::uint64_t holes = value_of(stats.problems, "tcp.hole"); holes > cut)
        spots.push_back({0, counted(holes, "hole") + " in TCP streams, which the capture lost"});
    if (const std::uint64_t bytes = value_of(stats.blind, "budget"); bytes > 0) {
        spots.push_back(
            {bytes, bytes_text(bytes) + " given up because a limit of memory or time was reached"});
    }
    for (const auto& [reason, count] : stats.drops) {
        if (count == 0) continue;
        if (reason == "filter") {
            spots.push_back({0, counted(count, "packet") + " left out by the filter"});
        } else {
            std::string words = reason;
            std::replace(words.begin(), words.end(), '_', ' ');
            spots.push_back({0, counted(count, "packet") + " dropped: " + words});
        }
    }
}

}  // namespace

std::vector<std::string> blind_spots(const Stats& stats) {
    std::vector<Spot> spots;
    add_encrypted(stats, spots);
    add_lost(stats, spots);
    std::stable_sort(spots.begin(), spots.end(),
                     [](const Spot& a, const Spot& b) { return a.bytes > b.bytes; });
    std::vector<std::string> lines;
    if (stats.cut_short)
        lines.emplace_back("A capture file is cut short; it was read up to the cut");
    for (Spot& spot : spots) lines.push_back(std::move(spot.text));
    const std::uint64_t all = stats.payload.tcp + stats.payload.quic;
    if (lines.empty()) {
        lines.emplace_back(all == 0 ? "There was no payload to look at"
                                    : "Nothing: all payload was open to inspection");
    } else if (const std::uint64_t bytes = blind_bytes(stats); bytes > 0) {
        lines.push_back("In all, " + percent(bytes, all) + " of the payload (" + bytes_text(bytes) +
                        " of " + bytes_text(all) + ')');
    }
    return lines;
}

std::vector<std::string> reasons_for_nothing(const Stats& stats) {
    if (stats.packets == 0) return {"The capture holds no packets."};
    const std::uint64_t all = stats.payload.tcp + stats.payload.quic;
    if (stats.flows.tcp + stats.flows.udp == 0)
        return {"There are no TCP or UDP connections in it."};
    if (all == 0)
        return {stats.flows.tcp == 0 ? "There are no TCP connections in it, and no QUIC."
                                     : "Its TCP connections carry no payload."};
    const std::uint64_t blind = blind_bytes(stats);
    if (blind == 0) {
        return {"All payload (" + bytes_text(all) +
                    ") was open to inspection, so there is most likely none in it.",
                "MCP over standard input and output, within one machine, never reaches a network."};
    }
    return {percent(blind, all) +
            " of the payload could not be read, for the reasons below; MCP may be in it."};
}

}  // namespace umbratap::report
