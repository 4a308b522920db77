#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "report/sinks/sinks.h"

using namespace umbratap::report;

namespace {

class Folder {
public:
    Folder() {
        char name[] = "/tmp/umbratap-sink-XXXXXX";
        REQUIRE(mkdtemp(name) != nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string operator/(const std::string& name) const { return path_ + '/' + name; }

private:
    std::string path_;
};

std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

/// Files may grow to `bytes` and no further, as on a disk that fills up.
class FileSizeMax {
public:
    explicit FileSizeMax(rlim_t bytes) {
        signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        rlimit limit{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeMax() { setrlimit(RLIMIT_FSIZE, &before_); }
    FileSizeMax(const FileSizeMax&) = delete;
    FileSizeMax& operator=(const FileSizeMax&) = delete;

private:
    rlimit before_{};
};

std::unique_ptr<Sink> open_sink(const std::string& target) {
    return open_file(parse_output(target), {});
}

void write(Sink& sink, std::string_view lines) {
    while (!lines.empty()) {
        const auto end = lines.find('\n') + 1;
        Event event;
        event.line = lines.substr(0, end);
        sink.write(event);
        lines.remove_prefix(end);
    }
}

}  // namespace

TEST_CASE("file sink: a file is appended to, and readable by its group alone") {
    const Folder folder;
    const mode_t mask = umask(0);
    {
        const auto sink = open_sink(folder / "a");
        CHECK(sink->kind() == "file");
        write(*sink, "one\n");
        write(*sink, "two\nthree\n");
        CHECK(sink->counts().queue_bytes == 14);
        sink->flush(true);
        CHECK(sink->counts().queue_bytes == 0);
        CHECK(sink->counts().events == 3);
    }
    write(*open_sink(folder / "a"), "four\n");
    umask(mask);
    CHECK(content(folder / "a") == "one\ntwo\nthree\nfour\n");
    struct stat status {};
    REQUIRE(stat((folder / "a").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("file sink: lines are gathered, but not without end") {
    const Folder folder;
    const auto sink = open_sink(folder / "a");
    const std::string line(1023, 'x');
    for (int i = 0; i < 63; ++i) write(*sink, line + "\n");
    CHECK(content(folder / "a").empty());
    write(*sink, line + "\n");
    CHECK(content(folder / "a").size() == 64 << 10);
}

TEST_CASE("file sink: what cannot be opened is said in one line") {
    CHECK_THROWS_WITH_AS(open_sink("/nonexistent/a"),
                         "output /nonexistent/a: No such file or directory", SinkError);
    CHECK_THROWS_WITH_AS(open_sink("/"), "output /: Is a directory", SinkError);
}

TEST_CASE("file sink: a full disk is told once, and what it does not take is counted") {
    const auto sink = open_sink("/dev/full");
    write(*sink, "a\nb\n");
    sink->flush(false);
    CHECK(sink->counts().dropped == 2);
    CHECK(sink->counts().events == 0);
    CHECK(sink->take_trouble() ==
          "output /dev/full: No space left on device; events are lost until that ends");
    CHECK(sink->take_trouble().empty());
    write(*sink, "c\n");
    sink->flush(false);
    CHECK(sink->counts().dropped == 3);
    CHECK(sink->take_trouble().empty());
}

TEST_CASE("file sink: half a line is never joined to the next one") {
    const Folder folder;
    const auto sink = open_sink(folder / "a");
    {
        const FileSizeMax limit(10);
        write(*sink, "111111\n222222\n333333\n");
        sink->flush(false);
    }
    CHECK(sink->counts().events == 1);
    CHECK(sink->counts().dropped == 2);
    CHECK(sink->take_trouble().find("File too large") != std::string::npos);
    write(*sink, "444444\n");
    sink->flush(false);
    CHECK(content(folder / "a") == "111111\n222\n444444\n");
    CHECK(sink->take_trouble().find("is written again; 2 events were lost") != std::string::npos);
    CHECK(sink->counts().events == 2);
}

TEST_CASE("file sink: what an earlier run left half-written is not joined either") {
    const Folder folder;
    std::ofstream(folder / "a") << "half";
    write(*open_sink(folder / "a"), "whole\n");
    CHECK(content(folder / "a") == "half\nwhole\n");
}

TEST_CASE("file sink: reopening follows a file that was moved away") {
    const Folder folder;
    const auto sink = open_sink(folder / "a");
    write(*sink, "old\n");
    std::filesystem::rename(folder / "a", folder / "a.1");
    sink->reopen();
    write(*sink, "new\n");
    sink->flush(false);
    CHECK(content(folder / "a.1") == "old\n");
    CHECK(content(folder / "a") == "new\n");
}

TEST_CASE("file sink: what cannot be reopened stays in use") {
    const Folder folder;
    std::filesystem::create_directory(folder / "d");
    const auto sink = open_sink(folder / "d/a");
    std::filesystem::rename(folder / "d", folder / "e");
    sink->reopen();
    CHECK_FALSE(sink->take_trouble().empty());
    write(*sink, "kept\n");
    sink->flush(false);
    CHECK(content(folder / "e/a") == "kept\n");
}

TEST_CASE("file sink: a reader that had enough ends standard output quietly") {
    signal(SIGPIPE, SIG_IGN);
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    close(ends[0]);
    const int real = dup(STDOUT_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    const auto sink = open_sink("-");
    write(*sink, "a\n");
    sink->flush(false);
    write(*sink, "b\nc\n");
    sink->flush(false);
    dup2(real, STDOUT_FILENO);
    close(real);
    close(ends[1]);
    CHECK(sink->kind() == "stdout");
    CHECK(sink->counts().dropped == 3);
    CHECK(sink->take_trouble().empty());
}

TEST_CASE("file sink: a pipe takes what its reader is slow to read") {
    int ends[2];
    REQUIRE(pipe2(ends, O_NONBLOCK) == 0);
    const int real = dup(STDOUT_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    fcntl(ends[0], F_SETFL, 0);
    const pid_t reader = fork();
    if (reader == 0) {
        close(ends[1]);
        close(STDOUT_FILENO);
        std::size_t total = 0;
        char bytes[4096];
        for (ssize_t n; (n = read(ends[0], bytes, sizeof bytes)) > 0;)
            total += static_cast<std::size_t>(n);
        _exit(total == 300'000 ? 0 : 1);
    }
    {
        const auto sink = open_sink("-");
        for (int i = 0; i < 3000; ++i) write(*sink, std::string(99, 'x') + "\n");
        sink->flush(false);
        dup2(real, STDOUT_FILENO);
        CHECK(sink->counts().events == 3000);
    }
    close(real);
    close(ends[0]);
    close(ends[1]);
    int status = 1;
    waitpid(reader, &status, 0);
    CHECK(status == 0);
}

TEST_CASE("file sink: a file that would grow too large is turned over, and the oldest goes") {
    const Folder folder;
    Output output = parse_output(folder / "a");
    output.rotate.bytes_max = 10;
    output.rotate.keep = 2;
    const auto sink = open_file(output, {});
    for (const char* line : {"1111111\n", "2222222\n", "3333333\n", "4444444\n"}) {
        write(*sink, line);
        sink->flush(false);
    }
    CHECK(content(folder / "a") == "4444444\n");
    CHECK(content(folder / "a.1") == "3333333\n");
    CHECK(content(folder / "a.2") == "2222222\n");
    CHECK_FALSE(std::filesystem::exists(folder / "a.3"));
    CHECK(sink->counts().events == 4);
}

TEST_CASE("file sink: a file of an earlier interval is turned over") {
    const Folder folder;
    std::ofstream(folder / "a") << "old\n";
    std::filesystem::last_write_time(
        folder / "a", std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
    Output output = parse_output(folder / "a");
    output.rotate.interval = std::chrono::hours(1);
    {
        const auto sink = open_file(output, {});
        write(*sink, "new\n");
    }
    CHECK(content(folder / "a") == "new\n");
    CHECK(content(folder / "a.1") == "old\n");
}

TEST_CASE("file sink: a file that cannot be turned over goes on") {
    const Folder folder;
    Output output = parse_output(folder / "a");
    output.rotate = {.bytes_max = 10, .keep = 1};
    std::filesystem::create_directories(folder / "a.1/full");
    const auto sink = open_file(output, {});
    for (const char* line : {"1111111\n", "2222222\n", "3333333\n"}) {
        write(*sink, line);
        sink->flush(false);
    }
    CHECK(content(folder / "a") == "1111111\n2222222\n3333333\n");
    CHECK(sink->take_trouble().find("cannot be turned over: ") != std::string::npos);
}

TEST_CASE("file sink: an alert does not wait to be written") {
    const Folder folder;
    const auto sink = open_sink(folder / "a");
    write(*sink, "waits\n");
    CHECK(content(folder / "a").empty());
    Event alert;
    alert.line = "alert\n";
    alert.severity = 3;
    sink->write(alert);
    CHECK(content(folder / "a") == "waits\nalert\n");
}
