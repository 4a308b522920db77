#include "report/network_sink.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

using namespace umbratap::report;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

/// What a receiver did, and shall do: shared by the test and the thread that carries.
struct Script {
    std::mutex mutex;
    std::vector<std::string> arrived;  // "line", or "line again"
    bool down = false;                 // sends, and hears no more of it
    std::string refused;               // this line is not wanted
};

class ScriptedCarrier final : public Carrier {
public:
    explicit ScriptedCarrier(Script& script) : script_(script) {}
    Outcome carry(Window& window, const Patience&) noexcept override {
        const std::lock_guard lock(script_.mutex);
        if (script_.down) {
            for (Parcel& parcel : window) parcel.state = Parcel::State::sent;
            return {"it is down", true};
        }
        for (Parcel& parcel : window) {
            const std::string line(parcel.event().line);
            const bool wanted = line != script_.refused;
            if (wanted) script_.arrived.push_back(line + (parcel.redelivered ? " again" : ""));
            parcel.state = wanted ? Parcel::State::arrived : Parcel::State::refused;
        }
        return {};
    }
    std::string_view kind() const noexcept override { return "scripted"; }

private:
    Script& script_;
};

std::unique_ptr<NetworkSink> sink_to(Script& script, const Output& output = {.to = "x://y"}) {
    NetworkLimits limits;
    limits.pause_min = limits.pause_max = 5ms;
    return std::make_unique<NetworkSink>(output, std::make_unique<ScriptedCarrier>(script), limits);
}

void write(Sink& sink, const std::string& line, std::uint8_t severity = 0) {
    Event event;
    event.line = line;
    event.id = "0123456789abcdef";
    event.severity = severity;
    sink.write(event);
}

class Folder {
public:
    Folder() {
        char name[] = "/tmp/umbratap-network-XXXXXX";
        REQUIRE(mkdtemp(name) != nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string path;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("network sink: events arrive in order, and are counted") {
    Script script;
    const auto sink = sink_to(script);
    write(*sink, "one\n");
    write(*sink, "two\n", 1);
    sink->finish(Clock::now() + 5s);
    CHECK(script.arrived == Lines{"one", "two"});
    CHECK(sink->counts() == SinkCounts{2, 0, 0, 0});
    CHECK(sink->take_trouble().empty());
}

TEST_CASE("network sink: what may have arrived is sent again and marked, what was refused is not") {
    Script script;
    script.down = true;
    script.refused = "bad";
    const auto sink = sink_to(script);
    for (const char* line : {"one\n", "bad\n", "two\n"}) write(*sink, line);
    std::string trouble;
    for (int i = 0; i < 500 && trouble.empty(); ++i) {
        trouble = sink->take_trouble();
        std::this_thread::sleep_for(10ms);
    }
    CHECK(trouble == "output x://y: it is down");
    {
        const std::lock_guard lock(script.mutex);
        script.down = false;
    }
    sink->finish(Clock::now() + 5s);
    CHECK(script.arrived == Lines{"one again", "two again"});
    CHECK(sink->counts() == SinkCounts{2, 1, 0, 1});
}

TEST_CASE("network sink: at the deadline the rest is lost, and told") {
    Script script;
    script.down = true;
    const auto sink = sink_to(script);
    write(*sink, "one\n");
    const auto begin = Clock::now();
    sink->finish(begin + 50ms);
    CHECK(Clock::now() - begin < 5s);
    CHECK(sink->counts().dropped == 1);
    CHECK(sink->take_trouble().find("not everything arrived; the rest is lost") !=
          std::string::npos);
}

TEST_CASE("network sink: with a spool the rest waits for the next run") {
    const Folder folder;
    Output output{.to = "x://y"};
    output.spool.directory = folder.path;
    Script script;
    script.down = true;
    {
        const auto sink = sink_to(script, output);
        write(*sink, "one\n", 1);
        write(*sink, "two\n");
        sink->flush(true);
        sink->finish(Clock::now() + 50ms);
        CHECK(sink->counts().dropped == 0);
        CHECK(sink->counts().queue_bytes > 0);
    }
    script.down = false;
    const auto sink = sink_to(script, output);
    write(*sink, "three\n");
    sink->finish(Clock::now() + 5s);
    CHECK(script.arrived == Lines{"one again", "two again", "three"});
    CHECK(sink->counts().queue_bytes == 0);
}

TEST_CASE("network sink: where the disk takes nothing events wait in memory, in their order") {
    const Folder folder;
    Output output{.to = "x://y"};
    output.spool.directory = folder.path;
    Script script;
    script.down = true;
    const auto sink = sink_to(script, output);
    write(*sink, "one\n");
    signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit none{64, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &none);
    write(*sink, "two\n");
    sink->flush(false);
    setrlimit(RLIMIT_FSIZE, &before);
    std::string trouble = sink->take_trouble();
    if (trouble.find("spool") == std::string::npos) trouble = sink->take_trouble();
    write(*sink, "three\n");
    {
        const std::lock_guard lock(script.mutex);
        script.down = false;
    }
    sink->finish(Clock::now() + 5s);
    for (std::string& line : script.arrived) line = line.substr(0, line.find(' '));
    CHECK(script.arrived == Lines{"one", "two", "three"});
    CHECK(sink->counts().dropped == 0);
}
