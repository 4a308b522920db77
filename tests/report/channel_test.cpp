#include "report/channel.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

using namespace umbratap::report;

namespace {

struct Pair {
    Pair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0); }
    ~Pair() {
        close(ends[0]);
        close(ends[1]);
    }
    int ends[2];
};

/// Remembers what it was told.
class Memory final : public Sink {
public:
    void write(const Event& event) noexcept override { lines.emplace_back(event.line); }
    void flush(bool sync) noexcept override { syncs += sync ? 1 : 0; }
    SinkCounts counts() const noexcept override { return {lines.size(), 1, 7, 0}; }
    std::string take_trouble() override { return std::exchange(trouble, {}); }
    std::string_view kind() const noexcept override { return "file"; }

    std::vector<std::string> lines;
    std::string trouble;
    int syncs = 0;
};

Event event(std::string_view line, std::uint8_t severity = 0) {
    Event event;
    event.line = line;
    event.type = severity == 0 ? "mcp" : "alert";
    event.severity = severity;
    event.id = "0123456789abcdef";
    event.community_id = "1:abc=";
    return event;
}

struct Behind {
    Sinks sinks;
    Memory& memory;
    Behind() : Behind(std::make_unique<Memory>()) {}

private:
    explicit Behind(std::unique_ptr<Memory> made) : memory(*made) {
        sinks.push_back(std::move(made));
    }
};

std::chrono::steady_clock::time_point soon() {
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
}

}  // namespace

TEST_CASE("channel: events, syncs, counts and troubles reach the other side") {
    const Pair pair;
    Behind behind;
    ChannelSink sink(pair.ends[0]);
    ChannelReader reader(pair.ends[1], behind.sinks);
    sink.write(event("one\n"));
    sink.write(event("two\n", 1));
    sink.flush(true);
    behind.memory.trouble = "output a: No space left on device";
    CHECK(reader.serve() == ChannelReader::State::open);
    CHECK(behind.memory.lines == std::vector<std::string>{"one\n", "two\n"});
    CHECK(behind.memory.syncs == 1);
    sink.flush(false);
    SinkCountsByKind counts;
    sink.count_into(counts);
    CHECK(counts["file"] == SinkCounts{2, 1, 7, 0});
    CHECK(sink.take_trouble() == "output a: No space left on device");
    CHECK(sink.take_trouble().empty());
}

TEST_CASE("channel: what the other side is slow to take waits, and the least goes first") {
    const Pair pair;
    Behind behind;
    ChannelSink sink(pair.ends[0], {.queue_bytes_max = 64 << 10});
    const std::string line(999, 'x');
    for (int i = 0; i < 2000; ++i) sink.write(event(line + "\n"));
    for (int i = 0; i < 10; ++i) sink.write(event("urgent\n", 1));
    const std::uint64_t dropped = sink.counts().dropped;
    CHECK(dropped > 0);
    CHECK(sink.counts().queue_bytes < 200 << 10);
    ChannelReader reader(pair.ends[1], behind.sinks);
    for (int i = 0; i < 100; ++i) {
        reader.serve();
        sink.flush(false);
    }
    CHECK(behind.memory.lines.size() + dropped == 2010);
    CHECK(std::count(behind.memory.lines.begin(), behind.memory.lines.end(), "urgent\n") == 10);
}

TEST_CASE("channel: a frame that is torn anywhere is forgotten, and what came before it stays") {
    std::string bytes;
    {
        const Pair pair;
        ChannelSink sink(pair.ends[0]);
        sink.write(event("first\n"));
        sink.write(event("second\n"));
        sink.flush(false);
        char piece[4096];
        const ssize_t got = recv(pair.ends[1], piece, sizeof piece, 0);
        bytes.assign(piece, static_cast<std::size_t>(got));
    }
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        Pair pair;
        Behind behind;
        ChannelReader reader(pair.ends[1], behind.sinks);
        REQUIRE(send(pair.ends[0], bytes.data(), cut, 0) == static_cast<ssize_t>(cut));
        shutdown(pair.ends[0], SHUT_WR);
        CHECK(reader.serve() == ChannelReader::State::ended);
        CHECK(behind.memory.lines.size() == (cut == bytes.size()       ? 2
                                             : cut >= bytes.size() / 2 ? 1
                                                                       : 0));
    }
}

TEST_CASE("channel: what is no frame ends it") {
    for (const std::string_view bytes :
         {std::string_view("\0\0\0\0\0", 5),
          std::string_view("\xff\xff\xff\xff"
                           "E",
                           5),
          std::string_view("\1\0\0\0?", 5), std::string_view("\2\0\0\0E?", 6)}) {
        const Pair pair;
        Behind behind;
        ChannelReader reader(pair.ends[1], behind.sinks);
        REQUIRE(send(pair.ends[0], bytes.data(), bytes.size(), 0) ==
                static_cast<ssize_t>(bytes.size()));
        CHECK(reader.serve() == ChannelReader::State::broken);
        CHECK(behind.memory.lines.empty());
    }
}

TEST_CASE("channel: it is finished once the sinks are, and the last counts come back") {
    const Pair pair;
    Behind behind;
    ChannelSink sink(pair.ends[0]);
    ChannelReader reader(pair.ends[1], behind.sinks);
    CHECK(reader.serve() == ChannelReader::State::open);
    sink.write(event("last\n"));
    sink.finish(soon());  // the reader does not run meanwhile
    CHECK(reader.serve() == ChannelReader::State::finished);
    sink.flush(false);
    CHECK(sink.counts().events == 1);
}

TEST_CASE("channel: what nobody will read is counted as dropped") {
    Pair pair;
    ChannelSink sink(pair.ends[0]);
    close(pair.ends[1]);
    sink.write(event("one\n", 1));
    sink.write(event("two\n"));
    sink.finish(soon());
    CHECK(sink.counts().dropped == 2);
    pair.ends[1] = -1;
}
