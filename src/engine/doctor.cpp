// Gathers facts, has them judged (checks.h), prints the judgements.
#include "engine/doctor.h"

#include <fmt/format.h>
#include <linux/if_packet.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "capture/interface.h"
#include "capture/key_log_file.h"
#include "engine/checks.h"
#include "engine/keys.h"
#include "engine/sandbox.h"
#include "report/json.h"
#include "report/quantity.h"
#include "report/text.h"
#include "tls/key_log.h"

namespace umbratap::engine {

namespace {

constexpr int columns_max = 4096;  // a check is never cut: it may be a command

/// Checks of one thing: of the machine, or of an interface.
struct Section {
    std::string about;
    std::vector<Check> checks;
};

SystemFacts look_at_system(const Options& options) {
    SystemFacts facts;
    std::error_code trouble;
    facts.program = std::filesystem::read_symlink("/proc/self/exe", trouble).string();
    const Descriptor socket_of_packets(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    facts.may_capture = static_cast<bool>(socket_of_packets);
    const int version = TPACKET_V3;
    if (facts.may_capture) {
        facts.ring_version_3 = setsockopt(socket_of_packets.number(), SOL_PACKET, PACKET_VERSION,
                                          &version, sizeof version) == 0;
    }
    const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
    facts.seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
    facts.landlock = static_cast<int>(std::max(0L, landlock_version()));
    int namespaces = 0;
    std::ifstream("/proc/sys/user/max_user_namespaces") >> namespaces;
    facts.user_namespaces = namespaces > 0;
    timex clock{};
    const int state = adjtimex(&clock);  // with no mode set it only tells
    facts.clock_synchronised =
        state >= 0 && state != TIME_ERROR && (clock.status & STA_UNSYNC) == 0;
    facts.clock_error_us = clock.esterror;
    facts.cores = std::max(1U, std::thread::hardware_concurrency());
    facts.workers = worker_count(options);
    return facts;
}

void count_secrets(std::string& lines, KeyLogFacts& facts) {
    std::size_t at = 0;
    for (std::size_t end; (end = lines.find('\n', at)) != std::string::npos; at = end + 1) {
        const std::string_view line = std::string_view(lines).substr(at, end - at);
        if (const auto secret = tls::read_key_log_line(line)) {
            ++facts.secrets[std::string(tls::label_name(secret->label))];
        } else if (!tls::is_key_log_comment(line)) {
            ++facts.bad_lines;
        }
    }
    wipe(lines);
}

KeyLogFacts look_at_key_log(const std::string& name) {
    KeyLogFacts facts;
    facts.name = name;
    struct stat status {};
    facts.missing = stat(name.c_str(), &status) != 0 && errno == ENOENT;
    if (facts.missing) return facts;
    facts.mode = status.st_mode & 07777;
    facts.age_seconds = std::time(nullptr) - status.st_mtime;
    try {
        capture::KeyLogFile file(name, {.files = {name}});
        for (;;) {
            std::string lines;
            file.poll(capture::KeyLogFiles::bytes_per_poll, lines);
            if (lines.empty()) break;
            count_secrets(lines, facts);
        }
        facts.bad_lines += file.counts().lines_too_long;
    } catch (const capture::InputError& error) {
        facts.trouble = error.what();
    }
    return facts;
}

ListeningFacts listen(capture::InterfaceSource& source, int seconds, TrafficSurvey& survey) {
    Batch<capture::Frame> frames;
    const auto take = [&] {
        frames.clear();
        const bool more = source.read(frames);
        for (const capture::Frame& frame : frames) survey.push(frame);
        return more;
    };
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (std::chrono::steady_clock::now() < end) take();
    source.stop();
    while (take()) {
    }
    return {.seconds = seconds, .traffic = survey.facts(), .losses = source.losses()};
}

/// Nothing where listening makes no sense, for a reason that other checks tell.
std::vector<Check> listen_on(const std::string& name, const Options& options, int seconds,
                             const std::array<std::uint8_t, 6>& own_address) {
    try {
        capture::InterfaceOptions capture = options.capture;
        capture.names = {name};
        capture.filter = options.filter;
        capture.members = 1;
        const auto sources = capture::open_interfaces(capture);
        TrafficSurvey survey(own_address);
        ListeningFacts facts = listen(*sources.front(), seconds, survey);
        facts.kernel_spreads = options.spread == Spread::kernel && options.workers != 1U;
        return check_listening(name, facts);
    } catch (const capture::InputError& error) {
        return {{Judgement::wrong, "capture", error.what(), {}}};
    }
}

Section examine(const std::string& name, const Options& options, int seconds, bool may_capture) {
    Section section{name, {}};
    std::array<std::uint8_t, 6> own_address{};
    bool up = true;
    if (name != "any") {
        const auto facts = capture::find_interface_facts(name);
        if (!facts) {
            throw capture::InputError(name + ": there is no such interface; there are " +
                                      capture::interface_names());
        }
        section.checks = check_interface(*facts);
        own_address = facts->state.address;
        up = facts->state.up;
    }
    if (!may_capture || !up || seconds == 0) return section;
    for (Check& check : listen_on(name, options, seconds, own_address))
        section.checks.push_back(std::move(check));
    return section;
}

const char* word_for(Judgement judgement) {
    return judgement == Judgement::ok        ? "ok"
           : judgement == Judgement::warning ? "warning"
                                             : "wrong";
}

std::string as_text(const Section& section) {
    std::string text = section.about + '\n';
    for (const Check& check : section.checks) {
        text += fmt::format("  {:8} {:14} {}\n", word_for(check.judgement), check.name,
                            report::terminal_text(check.text, columns_max));
        if (!check.command.empty()) {
            text += fmt::format("  {:8} {:14} $ {}\n", "", "",
                                report::terminal_text(check.command, columns_max));
        }
    }
    return text;
}

std::string as_json(const std::vector<Section>& sections, Judgement worst) {
    std::string text;
    report::JsonWriter whole(text);
    whole.text("result", word_for(worst));
    std::string& list = whole.key("checks");
    list += '[';
    for (const Section& section : sections) {
        for (const Check& check : section.checks) {
            if (list.back() != '[') list += ',';
            report::JsonWriter one(list);
            one.text("about", section.about);
            one.text("check", check.name);
            one.text("result", word_for(check.judgement));
            one.text("text", check.text);
            one.text("command", check.command);
            one.close_even_if_empty();
        }
    }
    list += ']';
    whole.close_even_if_empty();
    return text + '\n';
}

}  // namespace

int doctor(const Options& options, const DoctorOptions& how) {
    const SystemFacts system = look_at_system(options);
    std::vector<Section> sections = {{"this machine", check_system(system)}};
    for (const std::string& name : options.keylogs)
        sections.front().checks.push_back(check_key_log(look_at_key_log(name)));
    for (const std::string& name : options.interfaces)
        sections.push_back(examine(name, options, how.seconds, system.may_capture));

    Judgement worst = Judgement::ok;
    std::array<std::uint64_t, 3> count{};
    for (const Section& section : sections) {
        for (const Check& check : section.checks) {
            worst = std::max(worst, check.judgement);
            ++count[static_cast<std::size_t>(check.judgement)];
        }
    }
    if (how.json) {
        std::cout << as_json(sections, worst);
    } else {
        for (const Section& section : sections) std::cout << as_text(section);
        std::cout << fmt::format("{} ok, {}, {} wrong\n", count[0],
                                 report::counted(count[1], "warning"), count[2]);
    }
    std::cout << std::flush;
    return worst == Judgement::wrong ? 1 : 0;
}

}  // namespace umbratap::engine
