// Where rendered events go: files and standard output.
//
// Lines are gathered up to 64 KiB and written at once. What the system does not take is dropped and
// counted, never kept: whoever fills a disk shall not fill our memory too. Where that left half a
// line behind, the next one begins with a newline, so that a reader loses one line and not two.
#include "report/sink.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace umbratap::report {

namespace {

constexpr std::size_t gathered_bytes_max = 64 << 10;
constexpr std::chrono::minutes trouble_pause{1};
constexpr int ready_wait_max_ms = 1000;  // for a pipe that someone set to non-blocking

class DescriptorSink : public Sink {
public:
    void write(std::string_view lines, std::uint64_t events) noexcept override {
        gathered_ += lines;
        gathered_events_ += events;
        if (gathered_.size() >= gathered_bytes_max) write_out();
    }
    SinkCounts counts() const noexcept override {
        return {written_events_, dropped_events_, gathered_.size()};
    }
    std::string take_trouble() override { return std::exchange(trouble_, {}); }

protected:
    explicit DescriptorSink(std::string name) : name_(std::move(name)) {}
    ~DescriptorSink() override = default;

    virtual bool ends_quietly(int error) const noexcept = 0;

    void write_out() noexcept {
        if (gathered_.empty()) return;
        if (closed_for_good_) return drop(gathered_);
        std::string_view rest = gathered_;
        if (torn_ && !put("\n")) return drop(rest);
        while (!rest.empty()) {
            const std::size_t written = put(rest);
            if (written == 0) return drop(rest);
            rest.remove_prefix(written);
        }
        written_events_ += gathered_events_;
        gathered_.clear();
        gathered_events_ = 0;
        if (error_ != 0) {
            error_ = 0;
            trouble_ = name_ + ": is written again; " + std::to_string(dropped_events_) +
                       " events were lost so far";
        }
    }

    void fail(int error) noexcept {
        const auto now = std::chrono::steady_clock::now();
        if (error == error_ && now - told_ < trouble_pause) return;
        error_ = error;
        told_ = now;
        trouble_ = name_ + ": " + std::strerror(error) + "; events are lost until that ends";
    }

    void begin_at(int descriptor, bool torn) noexcept {
        descriptor_ = descriptor;
        torn_ = torn;
    }
    int descriptor() const noexcept { return descriptor_; }
    const std::string& name() const noexcept { return name_; }

private:
    /// Writes some of `bytes` and says how many; 0 after an error.
    std::size_t put(std::string_view bytes) noexcept {
        for (;;) {
            const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
            if (written > 0) {
                torn_ = bytes[static_cast<std::size_t>(written) - 1] != '\n';
                return static_cast<std::size_t>(written);
            }
            const int error = written == 0 ? ENOSPC : errno;
            if (error == EINTR) continue;
            if (error == EAGAIN) {
                pollfd ready{descriptor_, POLLOUT, 0};
                if (poll(&ready, 1, ready_wait_max_ms) > 0) continue;
            }
            if (ends_quietly(error)) {
                closed_for_good_ = true;
            } else {
                fail(error);
            }
            return 0;
        }
    }

    /// Forgets what was gathered; `rest` of it was not written.
    void drop(std::string_view rest) noexcept {
        const auto lines = static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
        const std::uint64_t dropped = std::min(lines, gathered_events_);
        dropped_events_ += dropped;
        written_events_ += gathered_events_ - dropped;
        gathered_.clear();
        gathered_events_ = 0;
    }

    std::string name_;
    int descriptor_ = -1;
    std::string gathered_;
    std::uint64_t gathered_events_ = 0, written_events_ = 0, dropped_events_ = 0;
    bool torn_ = false;             // the last byte out was not a newline
    bool closed_for_good_ = false;  // nobody reads any more
    int error_ = 0;                 // the last write failed with this
    std::chrono::steady_clock::time_point told_;
    std::string trouble_;
};

class StandardOutput final : public DescriptorSink {
public:
    StandardOutput() : DescriptorSink("standard output") { begin_at(STDOUT_FILENO, false); }
    ~StandardOutput() override { write_out(); }

    void flush(bool) noexcept override { write_out(); }
    std::string_view kind() const noexcept override { return "stdout"; }

private:
    // The reader had enough, as in `umbratap … --json | head`.
    bool ends_quietly(int error) const noexcept override { return error == EPIPE; }
};

class FileSink final : public DescriptorSink {
public:
    explicit FileSink(std::string path) : DescriptorSink("output " + path), path_(std::move(path)) {
        const int opened = open_file();
        if (opened < 0) throw SinkError(name() + ": " + std::strerror(errno));
        begin_at(opened, ends_within_line());
    }
    ~FileSink() override {
        write_out();
        close(descriptor());
    }

    void flush(bool sync) noexcept override {
        write_out();
        // EINVAL: a pipe or device, which has nothing to sync.
        if (sync && fdatasync(descriptor()) != 0 && errno != EINVAL && errno != EROFS) fail(errno);
    }

    // The old file stays in use if the new one cannot be opened.
    void reopen() noexcept override {
        write_out();
        const int opened = open_file();
        if (opened < 0) return fail(errno);
        close(descriptor());
        begin_at(opened, ends_within_line());
    }

    std::string_view kind() const noexcept override { return "file"; }

private:
    bool ends_quietly(int) const noexcept override { return false; }

    // O_NONBLOCK for the time of opening: a named pipe that nobody reads shall not stop us.
    int open_file() const noexcept {
        const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
        const int opened = ::open(path_.c_str(), flags, 0640);
        if (opened >= 0) fcntl(opened, F_SETFL, fcntl(opened, F_GETFL) & ~O_NONBLOCK);
        return opened;
    }

    // What an earlier run left half-written when it was killed.
    bool ends_within_line() const noexcept {
        const int reading = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (reading < 0) return false;
        struct stat status {};
        char last = '\n';
        if (fstat(reading, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
            if (pread(reading, &last, 1, status.st_size - 1) != 1) last = '\n';
        }
        close(reading);
        return last != '\n';
    }

    std::string path_;
};

}  // namespace

std::unique_ptr<Sink> open_sink(const std::string& target) {
    if (target == "-") return std::make_unique<StandardOutput>();
    return std::make_unique<FileSink>(target);
}

}  // namespace umbratap::report
