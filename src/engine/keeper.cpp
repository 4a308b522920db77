// The process that keeps a live run going.
#include "engine/keeper.h"

#include <net/if.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <iostream>
#include <set>
#include <sstream>

#include "base/files.h"
#include "capture/interface.h"
#include "capture/interface_state.h"
#include "capture/key_log_file.h"
#include "engine/book.h"
#include "engine/keys.h"
#include "engine/notify.h"
#include "engine/outlet_process.h"
#include "engine/parser_process.h"
#include "engine/sandbox.h"
#include "report/channel.h"

namespace umbratap::engine {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int wait_max_ms = 100;
constexpr std::chrono::seconds interfaces_interval{1};
constexpr std::chrono::seconds short_life{5}, pause_after_short_life{1};
constexpr std::chrono::seconds silence_max{30};  // of the parser, which speaks every second
constexpr std::chrono::seconds pause_of_our_own{5};
constexpr std::chrono::seconds end_wait_max{30};  // for children that were told to end

void say(const std::string& line) {
    std::cerr << "umbratap: " << line << '\n';
}

sigset_t signals_of_interest() {
    sigset_t set;
    sigemptyset(&set);
    for (const int one : {SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD}) sigaddset(&set, one);
    return set;
}

std::string end_of(int status) {
    if (WIFSIGNALED(status)) {
        return "signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) +
               ")";
    }
    return "exit status " + std::to_string(WEXITSTATUS(status));
}

int exit_status_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

struct Child {
    pid_t pid = -1;
    Post post;
    Clock::time_point begun;
    bool running() const noexcept { return pid > 0; }
};

class Keeper {
public:
    explicit Keeper(const Options& options)
        : options_(options),
          book_(std::make_shared<const Book>(options)),
          private_keys_(read_private_keys(options)),
          spread_(worker_count(options) == 1 ? Spread::kernel : options.spread) {
        for (const std::string& warning : book_->policy.warnings()) say(warning);
        begin_key_logs();
        sources_ = open_sources(false);
    }
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;
    ~Keeper() {
        for (std::string& key : private_keys_) wipe(key);
        for (std::string& lines : keys_to_say_) wipe(lines);
    }

    int run() {
        const sigset_t set = signals_of_interest();
        sigprocmask(SIG_BLOCK, &set, &signals_before_);
        signals_ = Descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
        signal(SIGPIPE, SIG_IGN);
        keep_rights_of_keeper();
        if (!options_.outputs.empty() && !start_outlet()) return end_early();
        start_parser();
        while (parser_.running() || !stopping_) {
            wait();
            hear_signals();
            hear_parser();
            say_keys();
            look_after_interfaces();
            look_after_parser();
        }
        return end();
    }

private:
    // Opening.

    std::vector<std::unique_ptr<capture::InterfaceSource>> open_sources(bool may_be_gone) const {
        capture::InterfaceOptions wanted = options_.capture;
        wanted.names = options_.interfaces;
        wanted.filter = options_.filter;
        if (options_.decrypted_mirror) wanted.decrypted = wanted.names;
        wanted.members = spread_ == Spread::reader ? 1 : worker_count(options_);
        wanted.may_be_gone = may_be_gone;
        try {
            return capture::open_interfaces(wanted);
        } catch (const std::invalid_argument& error) {
            throw UsageError(std::string("BPF filter: ") + error.what());
        }
    }

    void begin_key_logs() {
        if (options_.keylogs.empty()) return;
        key_logs_.emplace(capture::KeyLogOptions{options_.keylogs, true, options_.keylog_strict});
        say_notices_of_key_logs();
    }

    void say_notices_of_key_logs() {
        for (const capture::Notice& notice : key_logs_->take_notices()) {
            if (!options_.quiet) say(notice.text);
        }
    }

    // Starting.

    /// In the child: what is the keeper's is no longer there.
    void become_child() {
        sigprocmask(SIG_SETMASK, &signals_before_, nullptr);
        signals_ = {};
        notifier_ = {};
    }

    bool start_outlet() {
        auto [ours, theirs] = Post::pair();
        outlet_ = {fork(), std::move(ours), Clock::now()};
        if (outlet_.pid < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
        if (outlet_.pid == 0) {
            become_child();
            outlet_.post = {};
            sources_.clear();
            _exit(run_outlet(options_, std::move(theirs)));
        }
        pollfd ready{outlet_.post.descriptor(), POLLIN, 0};
        while (poll(&ready, 1, -1) < 0 && errno == EINTR) {
        }
        const std::optional<Message> answer = outlet_.post.receive();
        if (answer && answer->kind == from_outlet::ready) return true;
        say(answer ? answer->body : "the process of the outputs ended at once");
        return false;
    }

    /// One end of a new channel to the outlet.
    Descriptor open_channel() {
        int sockets[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) != 0)
            throw std::runtime_error(std::string("socketpair: ") + std::strerror(errno));
        Descriptor ours(sockets[0]);
        const Descriptor theirs(sockets[1]);
        outlet_.post.send(to_outlet::channel, {}, theirs.number());
        return ours;
    }

    void start_parser() {
        Descriptor channel;
        if (outlet_.running()) channel = open_channel();
        auto [ours, theirs] = Post::pair();
        parser_ = {fork(), std::move(ours), Clock::now()};
        if (parser_.pid < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
        if (parser_.pid == 0) {
            become_child();
            parser_.post = {};
            outlet_.post = {};
            key_logs_.reset();
            report::Sinks sinks;
            if (channel) sinks.push_back(std::make_unique<report::ChannelSink>(channel.number()));
            _exit(run_parser({options_, book_, std::move(sources_), worker_count(options_),
                              private_keys_, restart_, std::move(sinks), std::move(theirs)}));
        }
        sources_.clear();  // the parser's now
        restart_.reason.clear();
        gone_.clear();
        heard_ = Clock::now();
        started_ = false;
    }

    void start_parser_again() {
        try {
            if (!options_.outputs.empty() && !outlet_.running() && !start_outlet())
                throw std::runtime_error("the outputs cannot be opened");
            sources_ = open_sources(true);
            begin_key_logs();  // it is to know all of them
            start_parser();
        } catch (const std::exception& error) {
            say(std::string(error.what()) + "; trying again");
            start_at_ = Clock::now() + pause_after_short_life;
        }
    }

    // The loop.

    void wait() {
        pollfd ready[] = {
            {signals_.number(), POLLIN, 0},
            {parser_.running() && !parser_.post.gone() ? parser_.post.descriptor() : -1, POLLIN,
             0}};
        const Clock::time_point before = Clock::now();
        poll(ready, std::size(ready), wait_max_ms);
        // Whoever stopped us stopped the parser, too, or will have it wake up later than we did.
        if (Clock::now() - before > pause_of_our_own) heard_ = Clock::now();
    }

    void hear_signals() {
        signalfd_siginfo info{};
        while (read(signals_.number(), &info, sizeof info) == sizeof info) {
            switch (info.ssi_signo) {
                case SIGTERM:
                case SIGINT:
                    stop();
                    break;
                case SIGHUP:
                    if (outlet_.running()) outlet_.post.send(to_outlet::reopen);
                    break;
                case SIGUSR2:
                    reload();
                    break;
                case SIGCHLD:
                    bury_children();
                    break;
                default:
                    break;
            }
        }
    }

    void stop() {
        if (!stopping_) notifier_.tell("STOPPING=1");
        stopping_ = true;
        start_at_.reset();
        end_by_ = Clock::now() + end_wait_max;
        if (parser_.running()) parser_.post.send(to_parser::stop);
    }

    /// Ends the parser without loss, for another to follow at once.
    void renew_parser() {
        if (stopping_ || renewing_ || !parser_.running()) return;
        renewing_ = true;
        parser_.post.send(to_parser::stop);
    }

    void reload() {
        FileBundle files;
        try {
            const FileBundle::Recording recording(files);
            book_ = std::make_shared<const Book>(options_, book_.get());
        } catch (const std::exception& error) {
            say(std::string(error.what()) + "; the old rules and policy stay in force");
            if (parser_.running()) parser_.post.send(to_parser::bad_book);
            return;
        }
        for (const std::string& warning : book_->policy.warnings()) say(warning);
        if (parser_.running() && !parser_.post.send(to_parser::book, files.pack())) {
            say("the parser does not listen; it will have the new rules and policy when it starts "
                "again");
            return;
        }
        say("rules and policy were read anew");
    }

    void bury_children() {
        int status = 0;
        for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
            if (pid == parser_.pid) {
                hear_parser();  // its last words
                parser_.pid = -1;
                on_end_of_parser(status);
            } else if (pid == outlet_.pid) {
                outlet_.pid = -1;
                outlet_status_ = exit_status_of(status);
                if (!stopping_) on_end_of_outlet(status);
            }
        }
    }

    void on_end_of_parser(int status) {
        if (stopping_) {
            status_ = exit_status_of(status);
            if (WIFSIGNALED(status)) say("the parser ended with " + end_of(status));
            return;
        }
        if (!begun_ && !failure_.empty()) {  // it never began: nothing to keep going
            say(failure_);
            status_ = 1;
            stop();
            return;
        }
        if (renewing_) {
            renewing_ = false;
            start_at_ = Clock::now();
            return;
        }
        ++restart_.count;
        restart_.reason = failure_.empty() ? end_of(status) : failure_;
        const bool lived_shortly = Clock::now() - parser_.begun < short_life;
        start_at_ =
            Clock::now() + (lived_shortly ? pause_after_short_life : std::chrono::seconds(0));
        say("the parser ended with " + restart_.reason + "; it is started again");
        failure_.clear();
    }

    void on_end_of_outlet(int status) {
        say("the process of the outputs ended with " + end_of(status) + "; it is started again");
        if (parser_.running()) {
            renew_parser();
        } else {
            start_at_ = Clock::now() + pause_after_short_life;
        }
    }

    void hear_parser() {
        while (auto message = parser_.post.receive()) {
            heard_ = Clock::now();
            switch (message->kind) {
                case to_keeper::ready:
                    if (!begun_) notifier_.tell("READY=1\nSTATUS=listening");
                    begun_ = true;
                    break;
                case to_keeper::failed:
                    failure_ = message->body;
                    break;
                case to_keeper::gone:
                    on_gone(message->body);
                    break;
                case to_keeper::tunnels:
                    say("packets come out of tunnels: one thread reads them from now on, and deals "
                        "them out by what is inside");
                    spread_ = Spread::reader;
                    renew_parser();
                    break;
                default:
                    break;
            }
        }
    }

    void on_gone(const std::string& lines) {
        gone_.clear();
        std::istringstream names(lines);
        for (std::string name; std::getline(names, name);) gone_.insert(name);
    }

    /// Lines of key logs, old and new; when the old ones are said, the parser may begin.
    void say_keys() {
        if (!parser_.running()) return;
        if (key_logs_ && keys_to_say_.empty()) {
            if (std::string lines = key_logs_->poll(); !lines.empty())
                keys_to_say_.push_back(std::move(lines));
            say_notices_of_key_logs();
        }
        while (!keys_to_say_.empty()) {
            std::string& lines = keys_to_say_.front();
            if (!parser_.post.send(to_parser::keys, lines)) return;
            wipe(lines);
            keys_to_say_.pop_front();
            if (std::string more = key_logs_->poll(); !more.empty())
                keys_to_say_.push_back(std::move(more));
        }
        if (!started_) started_ = parser_.post.send(to_parser::start);
    }

    void look_after_interfaces() {
        if (gone_.empty() || Clock::now() - looked_ < interfaces_interval) return;
        looked_ = Clock::now();
        capture::InterfaceStates states;
        for (const std::string& name : gone_) {
            const auto state = states.find(static_cast<int>(if_nametoindex(name.c_str())));
            if (!state || !state->up) continue;
            say(name + ": is there again; all interfaces are opened anew");
            gone_.clear();
            return renew_parser();
        }
    }

    void look_after_parser() {
        const Clock::time_point now = Clock::now();
        if (start_at_ && now >= *start_at_) {
            start_at_.reset();
            start_parser_again();
        }
        if (parser_.running()) {
            if (stopping_ && now > end_by_) {
                say("the parser did not end in time; it is killed");
                kill(parser_.pid, SIGKILL);
                end_by_ = now + end_wait_max;
            } else if (now - heard_ > silence_max) {
                say("the parser gave no sign of life for 30 s; it is killed");
                kill(parser_.pid, SIGKILL);
                heard_ = now;
            }
        }
        if (notifier_.watchdog_interval().count() > 0 && now - notified_ >= watchdog_pause()) {
            notified_ = now;
            notifier_.tell("WATCHDOG=1");
        }
    }

    Clock::duration watchdog_pause() const {
        return std::max<Clock::duration>(notifier_.watchdog_interval() / 2,
                                         std::chrono::milliseconds(wait_max_ms));
    }

    // The end.

    int end() {
        if (outlet_.running()) {
            outlet_.post.send(to_outlet::finish);
            int status = 0;
            while (waitpid(outlet_.pid, &status, 0) < 0 && errno == EINTR) {
            }
            outlet_status_ = exit_status_of(status);
        }
        return status_ != 0 ? status_ : outlet_status_;
    }

    int end_early() {
        int status = 0;
        waitpid(outlet_.pid, &status, 0);
        return 1;
    }

    const Options& options_;
    BookPointer book_;
    std::vector<std::string> private_keys_;
    Spread spread_;
    std::vector<std::unique_ptr<capture::InterfaceSource>> sources_;  // of the next parser
    std::optional<capture::KeyLogFiles> key_logs_;
    std::deque<std::string> keys_to_say_;
    sigset_t signals_before_{};
    Descriptor signals_;
    ServiceNotifier notifier_;
    Child parser_, outlet_;
    Restart restart_;
    std::string failure_;         // why the parser could not begin
    std::set<std::string> gone_;  // interfaces
    std::optional<Clock::time_point> start_at_;
    Clock::time_point heard_{}, looked_{}, notified_{}, end_by_{};
    bool begun_ = false;    // a parser has read packets
    bool started_ = false;  // this one was told to
    bool renewing_ = false, stopping_ = false;
    int status_ = 0, outlet_status_ = 0;
};

}  // namespace

int run_live(const Options& options) {
    return Keeper(options).run();
}

}  // namespace umbratap::engine
