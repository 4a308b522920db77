// Whatever comes through the channel, in whatever pieces: the same events reach the sinks, or the
// channel ends.
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

#include "report/channel.h"

namespace {

using namespace umbratap::report;

class Memory final : public Sink {
public:
    void write(const Event& event) noexcept override { lines += event.line; }
    void flush(bool) noexcept override {}
    SinkCounts counts() const noexcept override { return {}; }
    std::string_view kind() const noexcept override { return "file"; }
    std::string lines;
};

std::string read(std::string_view bytes, std::size_t piece) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) __builtin_trap();
    Sinks sinks;
    sinks.push_back(std::make_unique<Memory>());
    ChannelReader reader(ends[1], sinks);
    auto state = ChannelReader::State::open;
    for (; !bytes.empty() && state == ChannelReader::State::open;
         bytes.remove_prefix(std::min(piece, bytes.size()))) {
        const std::string_view part = bytes.substr(0, piece);
        if (send(ends[0], part.data(), part.size(), 0) < 0) __builtin_trap();
        state = reader.serve();
    }
    close(ends[0]);
    close(ends[1]);
    return static_cast<const Memory&>(*sinks[0]).lines + std::to_string(static_cast<int>(state));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (read(bytes, 4096) != read(bytes, 7)) __builtin_trap();
    return 0;
}
