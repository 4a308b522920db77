// The process of a live run that parses.
#include "engine/parser_process.h"

#include <fmt/format.h>
#include <poll.h>

#include <chrono>
#include <csignal>
#include <future>
#include <iostream>
#include <optional>
#include <utility>

#include "base/files.h"
#include "engine/keys.h"
#include "engine/live_crew.h"
#include "engine/live_reading.h"
#include "engine/sandbox.h"
#include "engine/terminal.h"

namespace umbratap::engine {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int wait_max_ms = 100;
constexpr std::chrono::seconds sign_of_life_interval{1}, status_interval{10};
constexpr std::uint64_t tunnelled_min = 100;  // packets, before we say that there are tunnels

volatile std::sig_atomic_t end_wanted = 0;

std::vector<std::unique_ptr<capture::Source>> as_sources(
    std::vector<std::unique_ptr<capture::InterfaceSource>> sources) {
    return {std::make_move_iterator(sources.begin()), std::make_move_iterator(sources.end())};
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    return fmt::format(
        "{:.2f} %",
        whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

/// How it goes, for somebody who looks on.
std::string status_line(const Counts& counts) {
    const std::uint64_t lost =
        counts.losses.kernel_dropped + counts.losses.interface_dropped + counts.ring_dropped;
    return fmt::format(
        "{} packets, lost {}; {} flows, {} in one direction only; TLS: {} read, {} without keys",
        counts.losses.received,
        percent(lost, counts.losses.received + counts.losses.interface_dropped),
        counts.active_flows, percent(counts.one_direction, counts.tcp_flows), counts.tls.decrypted,
        counts.tls.no_key);
}

class Parser {
public:
    Parser(ParserTask& task, Post& keeper)
        : options_(task.options),
          keeper_(keeper),
          book_(std::move(task.book)),
          summary_options_(summary_options(book_->policy.given())),
          tells_tunnels_(task.sources.size() > 1 && options_.spread == Spread::automatic),
          reporter_(options_, std::move(task.sinks), book_),
          crew_(options_, as_sources(std::move(task.sources)), task.workers, book_, reporter_) {
        for (std::string& key : task.private_keys) {
            crew_.add_private_key(key);
            wipe(key);
        }
        if (!task.restart.reason.empty())
            reporter_.tell_restart(task.restart.count, task.restart.reason, wall_clock());
    }

    int run() {
        lock_down();
        while (!started_ && end_wanted == 0 && !keeper_.gone()) obey_and_wait();
        while (!crew_.ended()) {
            obey_and_wait();
            if ((end_wanted != 0 || keeper_.gone()) && !stopping_) stop();
            adopt_if_loaded();
            give_signs_of_life();
        }
        const Counts counts = crew_.finish();
        say_notices();
        if (options_.outputs.empty() && !options_.quiet)
            std::cout << reporter_.summary(summary_options_) << std::flush;
        if (reporter_.lost_events()) return 1;
        return options_.fail_on > 0 && reporter_.worst_severity() <= options_.fail_on ? 10 : 0;
    }

private:
    void obey_and_wait() {
        pollfd ready{keeper_.descriptor(), POLLIN, 0};
        poll(&ready, 1, wait_max_ms);
        while (auto message = keeper_.receive()) obey(*message);
    }

    void obey(Message& message) {
        switch (message.kind) {
            case to_parser::keys:
                crew_.add_secrets(message.body);
                wipe(message.body);
                break;
            case to_parser::start:
                crew_.start();
                started_ = true;
                keeper_.send(to_keeper::ready);
                break;
            case to_parser::book:
                latest_is_bad_ = false;
                load(std::move(message.body));
                break;
            case to_parser::bad_book:
                latest_is_bad_ = true;
                reporter_.note_reload(false);
                break;
            case to_parser::stop:
                stop();
                break;
            default:
                break;
        }
    }

    void stop() {
        stopping_ = true;
        if (!started_) {
            crew_.start();
            started_ = true;
        }
        crew_.stop();
    }

    // Compiling takes a while, in which packets and messages go on. Of books that come meanwhile
    // the latest counts.
    void load(std::string packed) {
        if (loading_.valid()) {
            to_load_ = std::move(packed);
            return;
        }
        loading_ =
            std::async(std::launch::async, [this, packed = std::move(packed), before = book_] {
                const FileBundle bundle = FileBundle::unpack(packed);
                const FileBundle::Reading reading(bundle);
                Options from_bundle = options_;
                from_bundle.cache.clear();
                return std::make_shared<const Book>(from_bundle, before.get());
            });
    }

    void adopt_if_loaded() {
        if (!loading_.valid() ||
            loading_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
            return;
        }
        try {
            book_ = loading_.get();
            crew_.adopt(book_);
            reporter_.note_reload(!latest_is_bad_);
        } catch (const std::exception& error) {  // the keeper found it sound
            std::cerr << "umbratap: " << error.what()
                      << "; the old rules and policy stay in force\n";
            reporter_.note_reload(false);
        }
        if (to_load_) load(*std::exchange(to_load_, std::nullopt));
    }

    void give_signs_of_life() {
        const auto now = SteadyClock::now();
        if (now - alive_told_ < sign_of_life_interval) return;
        alive_told_ = now;
        keeper_.send(to_keeper::alive);
        say_notices();
        tell_tunnels();
        tell_gone();
        if (options_.verbose > 0 && now - status_told_ >= status_interval) tell_status(now);
    }

    void tell_tunnels() {
        if (!tells_tunnels_ || crew_.counts().tunnelled < tunnelled_min) return;
        tells_tunnels_ = false;
        keeper_.send(to_keeper::tunnels);
    }

    void tell_gone() {
        const std::vector<std::string> names = crew_.gone();
        if (names == gone_told_) return;
        gone_told_ = names;
        std::string lines;
        for (const std::string& name : names) lines += name + '\n';
        keeper_.send(to_keeper::gone, lines);
    }

    void tell_status(SteadyClock::time_point now) {
        status_told_ = now;
        std::cerr << "umbratap: " << status_line(crew_.counts()) << '\n';
    }

    void say_notices() {
        for (const capture::Notice& notice : crew_.take_notices()) {
            if (!options_.quiet) std::cerr << "umbratap: " << notice.text << '\n';
        }
    }

    const Options& options_;
    Post& keeper_;
    BookPointer book_;
    report::SummaryOptions summary_options_;
    bool tells_tunnels_;
    Reporter reporter_;
    LiveCrew crew_;
    bool started_ = false, stopping_ = false;
    std::vector<std::string> gone_told_;
    std::future<std::shared_ptr<const Book>> loading_;
    std::optional<std::string> to_load_;
    bool latest_is_bad_ = false;
    SteadyClock::time_point alive_told_{}, status_told_ = SteadyClock::now();
};

}  // namespace

int run_parser(ParserTask task) noexcept {
    // The keeper says when to end; a terminal's Ctrl-C reaches us, too, and is its business.
    for (const int one : {SIGINT, SIGHUP, SIGUSR2, SIGPIPE}) signal(one, SIG_IGN);
    signal(SIGTERM, [](int) { end_wanted = 1; });
    Post keeper = std::move(task.keeper);
    try {
        drop_rights(task.options.user, Orphaned::ends);
        return Parser(task, keeper).run();
    } catch (const std::exception& error) {
        keeper.send(to_keeper::failed, error.what());
        return 1;
    }
}

}  // namespace umbratap::engine
