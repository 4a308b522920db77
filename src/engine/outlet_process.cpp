// The process of a live run that owns the outputs.
#include "engine/outlet_process.h"

#include <poll.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <vector>

#include "engine/sandbox.h"
#include "report/channel.h"
#include "report/output.h"

namespace umbratap::engine {

namespace {

constexpr int wait_max_ms = 200;
constexpr std::chrono::seconds flush_interval{1};
constexpr std::chrono::seconds finish_wait_max{10};

/// Events of one life of the parser.
struct Incoming {
    Descriptor socket;
    report::ChannelReader reader;

    Incoming(Descriptor s, report::Sinks& sinks)
        : socket(std::move(s)), reader(socket.number(), sinks) {}
};

class Outlet {
public:
    Outlet(Post keeper, report::Sinks sinks)
        : keeper_(std::move(keeper)), sinks_(std::move(sinks)) {}

    int run() {
        while (!(incoming_.empty() && (finish_ || keeper_.gone()))) {
            wait();
            obey();
            serve();
            look_after_sinks();
        }
        report::finish(sinks_, std::chrono::steady_clock::now() + finish_wait_max);
        say_troubles();
        for (const auto& [kind, counts] : report::counts_of(sinks_)) {
            if (counts.dropped > 0) return 1;
        }
        return 0;
    }

private:
    void wait() {
        std::vector<pollfd> ready{{keeper_.gone() ? -1 : keeper_.descriptor(), POLLIN, 0}};
        for (const auto& one : incoming_) ready.push_back({one->socket.number(), POLLIN, 0});
        poll(ready.data(), ready.size(), wait_max_ms);
    }

    void obey() {
        while (auto message = keeper_.receive()) {
            switch (message->kind) {
                case to_outlet::channel:
                    if (message->descriptor) {
                        incoming_.push_back(
                            std::make_unique<Incoming>(std::move(message->descriptor), sinks_));
                    }
                    break;
                case to_outlet::reopen:
                    report::reopen(sinks_);
                    break;
                case to_outlet::finish:
                    finish_ = true;
                    break;
                default:
                    break;
            }
        }
    }

    /// The oldest first: what a parser wrote before it died comes before what its successor says.
    void serve() {
        while (!incoming_.empty()) {
            const auto state = incoming_.front()->reader.serve();
            if (state == report::ChannelReader::State::open) return;
            if (state == report::ChannelReader::State::broken)
                std::cerr
                    << "umbratap: the parser's events made no sense; its channel was closed\n";
            incoming_.erase(incoming_.begin());
        }
    }

    void look_after_sinks() {
        const auto now = std::chrono::steady_clock::now();
        if (now - flushed_ < flush_interval) return;
        flushed_ = now;
        report::flush(sinks_, false);
        say_troubles();
    }

    void say_troubles() {
        for (std::string line = report::take_trouble(sinks_); !line.empty();
             line = report::take_trouble(sinks_)) {
            std::cerr << "umbratap: " << line << '\n';
        }
    }

    Post keeper_;
    report::Sinks sinks_;
    std::vector<std::unique_ptr<Incoming>> incoming_;
    std::chrono::steady_clock::time_point flushed_{};
    bool finish_ = false;
};

}  // namespace

int run_outlet(const Options& options, Post keeper) noexcept {
    try {
        for (const int one : {SIGINT, SIGTERM, SIGHUP, SIGUSR2, SIGPIPE}) signal(one, SIG_IGN);
        drop_rights(options.user, Orphaned::goes_on);
        report::Sinks sinks = report::open_sinks(options.outputs, {options.sensor_id});
        keeper.send(from_outlet::ready);
        Outlet outlet(std::move(keeper), std::move(sinks));
        return outlet.run();
    } catch (const std::exception& error) {
        keeper.send(from_outlet::failed, error.what());
        return 1;
    }
}

}  // namespace umbratap::engine
