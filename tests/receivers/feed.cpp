// Feeds the outputs of a config with events, as the process that owns them does in a live run: for
// tests with real receivers.
//
// usage: feed CONFIG [SECONDS] <EVENTS      SECONDS (10) to deliver what is left at the end
//
// Reads EVE lines; says on standard error what goes wrong, and at the end the counts. With each line
// that was handed to the outputs and synced, its number goes to standard output: what was told there
// must not get lost.
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "engine/config.h"

using namespace umbratap;

namespace {

/// The text member `key` of a line that we wrote ourselves, without escapes.
std::string_view member(std::string_view line, std::string_view key) {
    const std::string begin = '"' + std::string(key) + "\":\"";
    const std::size_t at = line.find(begin);
    if (at == line.npos) return {};
    const std::string_view rest = line.substr(at + begin.size());
    return rest.substr(0, rest.find('"'));
}

report::Event event_of(std::string_view line) {
    report::Event event;
    event.line = line;
    event.timestamp = member(line, "timestamp");
    event.type = member(line, "event_type");
    event.id = member(line, "event_id");
    event.community_id = member(line, "community_id");
    if (const std::size_t at = line.find("\"severity\":"); at != line.npos)
        event.severity = static_cast<std::uint8_t>(line[at + 11] - '0');
    return event;
}

void tell(report::Sinks& sinks) {
    for (std::string trouble; !(trouble = report::take_trouble(sinks)).empty();)
        std::cerr << trouble << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (argc < 2) return 2;
    engine::Options options;
    engine::read_config(argv[1], options);
    report::Sinks sinks = report::open_sinks(options.outputs, {"sensor-1"});
    std::string input;
    std::uint64_t handed = 0;
    for (bool more = true; more;) {
        pollfd ready{STDIN_FILENO, POLLIN, 0};
        if (poll(&ready, 1, 200) > 0) {
            char piece[65536];
            const ssize_t got = read(STDIN_FILENO, piece, sizeof piece);
            more = got > 0;
            if (more) input.append(piece, static_cast<std::size_t>(got));
        }
        std::size_t begin = 0;
        for (std::size_t end; (end = input.find('\n', begin)) != input.npos; begin = end + 1) {
            const report::Event event =
                event_of(std::string_view(input).substr(begin, end + 1 - begin));
            for (const auto& sink : sinks) sink->write(event);
            ++handed;
        }
        input.erase(0, begin);
        report::flush(sinks, begin > 0);
        if (begin > 0) std::cout << handed << std::endl;
        tell(sinks);
    }
    const int seconds = argc > 2 ? std::atoi(argv[2]) : 10;
    report::finish(sinks, std::chrono::steady_clock::now() + std::chrono::seconds(seconds));
    tell(sinks);
    for (const auto& [kind, counts] : report::counts_of(sinks)) {
        std::cerr << kind << ": events " << counts.events << ", dropped " << counts.dropped
                  << ", refused " << counts.refused << ", waiting " << counts.queue_bytes << '\n';
    }
    return 0;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 3;
}
