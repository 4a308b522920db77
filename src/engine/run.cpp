// One run over captures.
#include "engine/run.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <thread>
#include <utility>

#include "capture/source.h"
#include "engine/crew.h"
#include "engine/keys.h"
#include "engine/keys_status.h"
#include "engine/reporter.h"
#include "engine/terminal.h"
#include "report/progress.h"

namespace umbratap::engine {

namespace {

// Set by signal handlers, read between two batches of frames.
volatile std::sig_atomic_t stop_wanted = 0, reopen_wanted = 0, reload_wanted = 0;

void catch_signals() {
    const auto on = [](int signal, void (*handler)(int)) {
        struct sigaction action {};
        action.sa_handler = handler;
        sigaction(signal, &action, nullptr);
    };
    on(SIGINT, [](int) { stop_wanted = 1; });
    on(SIGTERM, [](int) { stop_wanted = 1; });
    on(SIGHUP, [](int) { reopen_wanted = 1; });
    on(SIGUSR2, [](int) { reload_wanted = 1; });
    on(SIGPIPE, SIG_IGN);
}

/// A new book takes the place of the old one; a bad one is refused and said, and the old one stays.
BookPointer read_anew(const Options& options, const BookPointer& before) {
    try {
        auto book = std::make_shared<const Book>(options, before.get());
        std::cerr << "umbratap: rules and policy were read anew\n";
        return book;
    } catch (const std::exception& error) {
        std::cerr << "umbratap: " << error.what() << "; the old rules and policy stay in force\n";
        return before;
    }
}

class Notices {
public:
    explicit Notices(const Options& options) : quiet_(options.quiet) {}
    template <class Origin>
    void take(Origin& origin) {
        for (const capture::Notice& notice : origin.take_notices()) {
            cut_short_ = cut_short_ || notice.cut_short;
            if (!quiet_ || notice.cut_short) std::cerr << "umbratap: " << notice.text << '\n';
        }
    }
    bool cut_short() const noexcept { return cut_short_; }

private:
    bool quiet_;
    bool cut_short_ = false;
};

}  // namespace

int run(const Options& options, LastWord last_word) {
    BookPointer book = std::make_shared<const Book>(options);
    std::unique_ptr<capture::Source> source;
    try {
        source = capture::open_files({options.read, options.filter, options.decrypted_mirror});
    } catch (const std::invalid_argument& error) {
        throw UsageError(std::string("BPF filter: ") + error.what());
    }
    Keys keys(options);
    Reporter reporter(options, report::open_sinks(options.outputs, {options.sensor_id}), book);
    catch_signals();
    for (const std::string& warning : book->policy.warnings())
        std::cerr << "umbratap: " << warning << '\n';

    Crew crew(options, worker_count(options), book, reporter);
    report::Progress progress(!options.quiet && isatty(STDERR_FILENO) != 0, options.read.front());
    Notices notices(options);
    Batch<capture::Frame> frames;
    keys.begin(crew);
    notices.take(keys);
    bool trouble = false;
    const auto say_trouble = [&] {
        for (std::string line; !(line = reporter.take_trouble()).empty();)
            std::cerr << "umbratap: " << line << '\n';
    };
    while (stop_wanted == 0) {
        frames.clear();
        if (!source->read(frames)) break;
        keys.feed(*source, crew);
        crew.push(frames, source->counts());
        progress.update(source->counts());
        notices.take(*source);
        notices.take(keys);
        if (reopen_wanted != 0) {
            reopen_wanted = 0;
            crew.drain();
            reporter.reopen();
        }
        if (reload_wanted != 0) {
            reload_wanted = 0;
            crew.drain();
            const BookPointer before = std::exchange(book, read_anew(options, book));
            reporter.note_reload(book != before);
            crew.adopt(book);
            reporter.adopt(book);
        }
    }
    notices.take(*source);
    const Counts counts = crew.finish(source->counts(), notices.cut_short());
    progress.clear();
    say_trouble();
    if (last_word == LastWord::keys_status) {
        std::cout << keys_status(counts) << std::flush;
    } else if (options.outputs.empty()) {
        std::cout << reporter.summary(summary_options(book->policy.given())) << std::flush;
        if (!std::cout) {
            std::cerr << "umbratap: standard output: " << std::strerror(errno) << '\n';
            trouble = true;
        }
    }
    if (trouble || reporter.lost_events()) return 1;
    if (options.fail_on > 0 && reporter.worst_severity() <= options.fail_on) return 10;
    return 0;
}

int test_config(const Options& options) {
    const Book book(options);
    for (const std::string& line : describe(options)) std::cout << line << '\n';
    std::cout << "rules in force: " << book.rules.all().size() << " (version "
              << book.rules.version() << ")\n";
    for (const std::string& line : book.policy.describe()) std::cout << line << '\n';
    for (const std::string& line : book.suppressions.describe()) std::cout << line << '\n';
    for (const std::string& warning : book.policy.warnings())
        std::cerr << "umbratap: " << warning << '\n';
    return 0;
}

}  // namespace umbratap::engine
