// What the process that parses may do.
#include "engine/sandbox.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>

namespace umbratap::engine {

namespace {

[[noreturn]] void fail(const std::string& what, int error) {
    throw std::runtime_error("sandbox: " + what + ": " + std::strerror(error));
}

const passwd& user_of(const std::string& name) {
    for (const char* candidate : {name.c_str(), "umbratap", "nobody"}) {
        if (*candidate == '\0') continue;
        if (const passwd* user = getpwnam(candidate)) return *user;
        if (candidate == name.c_str())
            throw std::runtime_error("user: there is no user '" + name +
                                     "'; name one, or leave it out");
    }
    throw std::runtime_error(
        "user: there is neither 'umbratap' nor 'nobody'; name one in the config");
}

/// No rule allows anything, so no path can be opened.
void restrict_files() {
    const long version = landlock_version();
    if (version < 1) return;  // this kernel has none; seccomp stands alone
    landlock_ruleset_attr rules{};
    // Rights that all versions know: 1 has 13 of them, 2 REFER, 3 TRUNCATE.
    const unsigned rights = version >= 3 ? 15 : version == 2 ? 14 : 13;
    rules.handled_access_fs = (std::uint64_t{1} << rights) - 1;
    const auto set = syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
    if (set < 0) fail("Landlock", errno);
    const auto restricted = syscall(SYS_landlock_restrict_self, set, 0);
    const int error = errno;
    close(static_cast<int>(set));
    if (restricted != 0) fail("Landlock", error);
}

/// Calls that need no look at their arguments: on what is open already, on memory, time, threads
/// and the process itself.
constexpr auto allowed_calls = std::to_array<int>({
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(fcntl),
    SCMP_SYS(flock),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fadvise64),
    SCMP_SYS(fstat),
    SCMP_SYS(fstatfs),
    // sockets that are there: events, captures, scrapers
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(shutdown),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl),
    // memory
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(mlock),
    SCMP_SYS(munlock),
    SCMP_SYS(membarrier),
    // time, threads, signals
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(getppid),
    SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    // what libraries ask
    SCMP_SYS(getrandom),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(prlimit64),
});

struct FreeFilter {
    void operator()(void* filter) const noexcept { seccomp_release(filter); }
};

void restrict_calls() {
    // What is not allowed fails like a call without permission: libraries live with that.
    const std::unique_ptr<void, FreeFilter> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!filter) fail("seccomp", ENOMEM);
    const auto add = [&](int error) {
        if (error < 0) fail("seccomp", -error);
    };
    for (const int call : allowed_calls)
        add(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0));
    // Memory, but none that can be executed.
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
        add(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)));
    }
    // Threads, but no processes. glibc asks for clone3 first, whose flags no filter can see.
    add(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                         SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)));
    add(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
    // A descriptor's own status, as fstat of newer libraries asks for it.
    add(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                         SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH)));
    for (const unsigned long request : {0x5421UL /* FIONBIO */, 0x541bUL /* FIONREAD */}) {
        add(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                             SCMP_A1(SCMP_CMP_EQ, request)));
    }
    // Names of threads.
    add(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                         SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)));
    // All threads there are, those that serve scrapers included.
    add(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1));
    if (const int error = seccomp_load(filter.get()); error < 0) fail("seccomp", -error);
}

std::string status_of(const char* field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with(field) || line[std::strlen(field)] != ':') continue;
        const std::size_t value = line.find_first_not_of(" \t", std::strlen(field) + 1);
        return value == std::string::npos ? std::string() : line.substr(value);
    }
    return "unknown";
}

/// Something that must not succeed; true if it did.
struct Attempt {
    const char* what;
    std::function<bool()> succeeds;
};

bool opened(int descriptor) {
    if (descriptor >= 0) close(descriptor);
    return descriptor >= 0;
}

std::vector<Attempt> attempts() {
    return {
        {"read /etc/passwd", [] { return opened(open("/etc/passwd", O_RDONLY)); }},
        {"read /etc/shadow", [] { return opened(open("/etc/shadow", O_RDONLY)); }},
        {"read /proc/self/environ", [] { return opened(open("/proc/self/environ", O_RDONLY)); }},
        {"write a file",
         [] { return opened(open("/tmp/umbratap-sandbox", O_WRONLY | O_CREAT, 0600)); }},
        {"list a directory", [] { return opened(open("/", O_RDONLY | O_DIRECTORY)); }},
        {"make an Internet socket", [] { return opened(socket(AF_INET, SOCK_STREAM, 0)); }},
        {"make a Unix socket", [] { return opened(socket(AF_UNIX, SOCK_STREAM, 0)); }},
        {"make a packet socket", [] { return opened(socket(AF_PACKET, SOCK_RAW, 0)); }},
        {"start a program",
         [] {
             char name[] = "/bin/true";
             char* const words[] = {name, nullptr};
             execv(name, words);
             return false;
         }},
        {"make a process",
         [] {
             const pid_t child = fork();
             if (child == 0) _exit(0);
             return child > 0;
         }},
        {"trace its parent",
         [] { return ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr) == 0; }},
        {"signal its parent", [] { return kill(getppid(), 0) == 0; }},
        {"become root", [] { return setuid(0) == 0 && geteuid() == 0 && getuid() == 0; }},
        {"make memory executable",
         [] {
             return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                         0) != MAP_FAILED;
         }},
    };
}

}  // namespace

void drop_rights(const std::string& name, Orphaned orphaned) {
    capng_clear(CAPNG_SELECT_BOTH);
    if (geteuid() == 0) {
        const passwd& user = user_of(name);
        const int changed =
            capng_change_id(static_cast<int>(user.pw_uid), static_cast<int>(user.pw_gid),
                            static_cast<capng_flags_t>(CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING));
        if (changed != 0) fail("cannot become user " + std::string(user.pw_name), EPERM);
    } else if (!name.empty() && user_of(name).pw_uid != geteuid()) {
        fail("cannot become user " + name, EPERM);
    }
    if (capng_apply(CAPNG_SELECT_CAPS) != 0) fail("cannot give up capabilities", EPERM);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("PR_SET_NO_NEW_PRIVS", errno);
    // Nobody may look into it, as it holds keys and other people's traffic. A change of user resets
    // both of these.
    if (prctl(PR_SET_DUMPABLE, 0) != 0) fail("PR_SET_DUMPABLE", errno);
    if (orphaned == Orphaned::ends && prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
        fail("PR_SET_PDEATHSIG", errno);
}

long landlock_version() noexcept {
    return syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

void keep_rights_of_keeper() {
    capng_get_caps_process();
    std::vector<unsigned> kept;
    for (const unsigned capability :
         {CAP_NET_RAW, CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_KILL, CAP_DAC_READ_SEARCH}) {
        if (capng_have_capability(CAPNG_PERMITTED, capability) != 0) kept.push_back(capability);
    }
    capng_clear(CAPNG_SELECT_CAPS);
    for (const unsigned capability : kept) {
        capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
                     capability);
    }
    if (capng_apply(CAPNG_SELECT_CAPS) != 0) fail("cannot give up capabilities", EPERM);
}

void lock_down() {
    restrict_files();
    restrict_calls();
}

std::vector<std::string> describe_sandbox() {
    return {
        "user id: " + status_of("Uid"), "capabilities: " + status_of("CapEff"),
        "no new privileges: " + status_of("NoNewPrivs"),
        "Landlock: " + (landlock_version() < 1 ? std::string("not in this kernel")
                                               : "version " + std::to_string(landlock_version()))};
}

bool test_sandbox(const std::string& user) {
    std::cout << std::flush;
    const pid_t child = fork();
    if (child < 0) fail("fork", errno);
    if (child == 0) {
        int allowed = 0;
        try {
            drop_rights(user, Orphaned::ends);
            for (const std::string& line : describe_sandbox()) std::cout << line << '\n';
            lock_down();
            for (const Attempt& attempt : attempts()) {
                const bool succeeded = attempt.succeeds();
                allowed += succeeded ? 1 : 0;
                std::cout << (succeeded ? "ALLOWED  " : "refused  ") << attempt.what << '\n';
            }
        } catch (const std::exception& error) {
            std::cout << error.what() << '\n';
            allowed = 1;
        }
        std::cout << std::flush;
        _exit(allowed == 0 ? 0 : 1);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace umbratap::engine
