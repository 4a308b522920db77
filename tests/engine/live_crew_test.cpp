// Who does the work in a live run: the same is told as over a file, and nobody waits for another.
#include "engine/live_crew.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <numeric>
#include <regex>
#include <set>
#include <thread>

#include "engine/crew.h"
#include "engine/journey.h"

using namespace umbratap;
using namespace std::chrono_literals;
using test::OwnedFrame;

namespace {

using Frames = std::vector<OwnedFrame>;

engine::Options options() {
    engine::Options made;
    made.rules = test::source_root() + "/rules";
    made.events = {"alert", "mcp", "mcp_session", "anomaly"};
    return made;
}

/// Gives a few frames at a time, as an interface does.
class Tap final : public capture::Source {
public:
    explicit Tap(std::vector<const OwnedFrame*> frames, std::size_t at_once = 7)
        : frames_(std::move(frames)), at_once_(at_once) {}

    bool read(Batch<capture::Frame>& out) override {
        for (std::size_t i = 0; i < at_once_ && next_ < frames_.size(); ++i)
            out.push_back(frames_[next_++]->frame);
        return !out.empty();
    }
    capture::SourceCounts counts() const override { return {.packets = next_}; }
    std::vector<capture::Notice> take_notices() override { return {}; }
    std::vector<std::string> gone() const override { return {"tap9"}; }

private:
    std::vector<const OwnedFrame*> frames_;
    std::size_t at_once_, next_ = 0;
};

/// Lines of events, without the number of the packet, which each source counts for itself.
class Lines final : public report::Sink {
public:
    explicit Lines(std::vector<std::string>& lines) : lines_(lines) {}
    void write(const report::Event& event) noexcept override {
        static const std::regex number("\"pcap_cnt\":[0-9]+,");
        lines_.push_back(std::regex_replace(std::string(event.line), number, ""));
    }
    void flush(bool) noexcept override {}
    report::SinkCounts counts() const noexcept override { return {}; }
    std::string_view kind() const noexcept override { return "test"; }

private:
    std::vector<std::string>& lines_;
};

/// A receiver that takes nothing until it is told to.
class Stuck final : public report::Sink {
public:
    void write(const report::Event&) noexcept override {
        std::unique_lock lock(mutex_);
        released_.wait(lock, [&] { return is_released_; });
    }
    void release() {
        const std::lock_guard lock(mutex_);
        is_released_ = true;
        released_.notify_all();
    }
    void flush(bool) noexcept override {}
    report::SinkCounts counts() const noexcept override { return {}; }
    std::string_view kind() const noexcept override { return "test"; }

private:
    std::mutex mutex_;
    std::condition_variable released_;
    bool is_released_ = false;
};

/// Both directions of a connection go to one of `count`.
std::vector<std::unique_ptr<capture::Source>> shared(const Frames& frames, std::size_t count) {
    std::vector<std::vector<const OwnedFrame*>> parts(count);
    for (const OwnedFrame& one : frames) {
        const auto addresses =
            one.bytes.begin() + std::min<std::ptrdiff_t>(26, std::ssize(one.bytes));
        const auto end = one.bytes.begin() + std::min<std::ptrdiff_t>(34, std::ssize(one.bytes));
        parts[std::accumulate(addresses, end, std::size_t{0}) % count].push_back(&one);
    }
    std::vector<std::unique_ptr<capture::Source>> sources;
    for (auto& part : parts) sources.push_back(std::make_unique<Tap>(std::move(part)));
    return sources;
}

struct Told {
    std::vector<std::string> lines;  // sorted
    engine::Counts counts;
};

const engine::BookPointer& book() {
    static const auto one = std::make_shared<const engine::Book>(options());
    return one;
}

Told told_over_file(const Frames& frames) {
    Told told;
    const engine::Options opts = options();
    report::Sinks sinks;
    sinks.push_back(std::make_unique<Lines>(told.lines));
    engine::Reporter reporter(opts, std::move(sinks), book());
    engine::Crew crew(opts, 1, book(), reporter);
    Batch<capture::Frame> batch;
    for (const OwnedFrame& one : frames) batch.push_back(one.frame);
    crew.push(batch, {});
    told.counts = crew.finish({}, false);
    std::sort(told.lines.begin(), told.lines.end());
    return told;
}

Told told_live(std::vector<std::unique_ptr<capture::Source>> sources, unsigned workers) {
    Told told;
    const engine::Options opts = options();
    report::Sinks sinks;
    sinks.push_back(std::make_unique<Lines>(told.lines));
    engine::Reporter reporter(opts, std::move(sinks), book());
    engine::LiveCrew crew(opts, std::move(sources), workers, book(), reporter);
    crew.start();
    while (!crew.ended()) std::this_thread::sleep_for(1ms);
    told.counts = crew.finish();
    std::sort(told.lines.begin(), told.lines.end());
    return told;
}

std::set<std::string> session_ids(const Told& told) {
    static const std::regex session(
        ".*\"event_type\":\"mcp_session\".*\"session\":.\"id\":\"([^\"]+).*\n");
    std::set<std::string> ids;
    for (const std::string& line : told.lines) {
        if (std::smatch found; std::regex_match(line, found, session)) ids.insert(found[1]);
    }
    return ids;
}

}  // namespace

TEST_CASE("live: the same is told as over a file, with any number of workers and sources") {
    for (const char* name : {"multi-client", "portal-and-shadow"}) {
        const Frames frames = test::frames_of_case(name);
        const Told wanted = told_over_file(frames);
        REQUIRE(wanted.lines.size() > 4);
        for (const auto& [source_count, worker_count] : {std::pair(1U, 1U), {1U, 3U}, {3U, 3U}}) {
            const unsigned sources = source_count, workers = worker_count;
            INFO(name, ": ", sources, " sources, ", workers, " workers");
            const Told told = told_live(shared(frames, sources), workers);
            CHECK(told.lines == wanted.lines);
            CHECK(told.counts.source.packets == frames.size());
            CHECK(told.counts.packets == wanted.counts.packets);
            CHECK(told.counts.tcp_payload == wanted.counts.tcp_payload);
            CHECK(told.counts.ring_dropped == 0);
        }
    }
}

// Workers do not follow at the same moment: a session that is open then may be told in two parts.
TEST_CASE("live: a clock that is set back stops nothing, and every session is told") {
    Frames frames = test::frames_of_case("portal-and-shadow");
    Frames later = test::frames_of_case("multi-client");
    std::set<std::string> wanted = session_ids(told_over_file(frames));
    wanted.merge(session_ids(told_over_file(later)));
    REQUIRE(wanted.size() > 4);
    for (OwnedFrame& one : frames) one.frame.time += 24h;
    frames.insert(frames.end(), std::make_move_iterator(later.begin()),
                  std::make_move_iterator(later.end()));
    for (const auto& [sources, workers] : {std::pair(1U, 1U), {1U, 3U}, {3U, 3U}})
        CHECK(session_ids(told_live(shared(frames, sources), workers)) == wanted);
}

TEST_CASE("live: where workers are behind packets are dropped and counted, and nobody waits") {
    const Frames frames = test::frames_of_case("portal-and-shadow");
    std::vector<const OwnedFrame*> often;
    for (int round = 0; round < 50; ++round) {
        for (const OwnedFrame& one : frames) often.push_back(&one);
    }
    const engine::Options opts = options();
    auto stuck = std::make_unique<Stuck>();
    Stuck& receiver = *stuck;
    report::Sinks sinks;
    sinks.push_back(std::move(stuck));
    engine::Reporter reporter(opts, std::move(sinks), book());
    std::vector<std::unique_ptr<capture::Source>> sources;
    sources.push_back(std::make_unique<Tap>(often, 1));
    engine::LiveCrew crew(opts, std::move(sources), 2, book(), reporter);
    crew.start();
    std::this_thread::sleep_for(500ms);  // far more than all frames take
    receiver.release();
    const engine::Counts counts = crew.finish();
    CHECK(counts.source.packets == often.size());
    CHECK(counts.packets == often.size());
    CHECK(counts.ring_dropped > 0);
    CHECK(counts.ring_dropped < often.size());
}

TEST_CASE("live: what is missing from the start is told") {
    const Frames frames = test::frames_of_case("portal-and-shadow");
    const engine::Options opts = options();
    engine::Reporter reporter(opts, {}, book());
    engine::LiveCrew crew(opts, shared(frames, 3), 3, book(), reporter);
    CHECK(crew.gone() == std::vector<std::string>{"tap9"});
}
