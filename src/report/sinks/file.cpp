// Files and standard output.
//
// A file is turned over by its size and at full multiples of an interval: FILE becomes FILE.1, that
// FILE.2, and the oldest goes.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "report/sinks/descriptor.h"
#include "report/sinks/sinks.h"

namespace umbratap::report {

namespace {

class StandardOutput final : public DescriptorSink {
public:
    explicit StandardOutput(Rendering format) : DescriptorSink("standard output", format) {
        begin_at(STDOUT_FILENO, false);
    }
    ~StandardOutput() override { write_out(); }
    std::string_view kind() const noexcept override { return "stdout"; }

private:
    // The reader had enough, as in `umbratap … --json | head`.
    bool ends_quietly(int error) const noexcept override { return error == EPIPE; }
};

class FileSink final : public DescriptorSink {
public:
    explicit FileSink(const Output& output)
        : DescriptorSink("output " + output.to, output.format),
          path_(output.to),
          rotate_(output.rotate) {
        const int opened = open_file();
        if (opened < 0) throw SinkError(name() + ": " + std::strerror(errno));
        begin_in(opened);
    }
    ~FileSink() override {
        write_out();
        close(descriptor());
    }

    // The old file stays in use if the new one cannot be opened.
    void reopen() noexcept override {
        write_out();
        replace();
    }

    std::string_view kind() const noexcept override { return "file"; }

private:
    bool ends_quietly(int) const noexcept override { return false; }

    void prepare(std::size_t bytes) noexcept override {
        const std::int64_t now = std::time(nullptr);
        const bool full = rotate_.bytes_max > 0 && size_ > 0 && size_ + bytes > rotate_.bytes_max;
        const bool old = size_ > 0 && period(now) != period(last_write_);
        if ((full || old) && now >= next_try_ && is_regular_) turn_over(now);
        size_ += bytes;
        last_write_ = now;
    }

    std::int64_t period(std::int64_t time) const noexcept {
        return rotate_.interval.count() > 0 ? time / rotate_.interval.count() : 0;
    }

    void turn_over(std::int64_t now) noexcept {
        sync();
        const auto old_name = [&](unsigned number) { return path_ + '.' + std::to_string(number); };
        for (unsigned number = rotate_.keep; number > 1; --number)
            std::rename(old_name(number - 1).c_str(), old_name(number).c_str());
        const int moved = rotate_.keep > 0 ? std::rename(path_.c_str(), old_name(1).c_str())
                                           : std::remove(path_.c_str());
        // Where that fails the file goes on, and it is tried again in a minute.
        if (moved != 0) say(std::string("cannot be turned over: ") + std::strerror(errno));
        if (moved != 0 || !replace()) next_try_ = now + 60;
    }

    bool replace() noexcept {
        const int opened = open_file();
        if (opened < 0) {
            fail(errno);
            return false;
        }
        close(descriptor());
        begin_in(opened);
        return true;
    }

    // O_NONBLOCK for the time of opening: a named pipe that nobody reads shall not stop us.
    int open_file() const noexcept {
        const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
        const int opened = ::open(path_.c_str(), flags, 0640);
        if (opened >= 0) fcntl(opened, F_SETFL, fcntl(opened, F_GETFL) & ~O_NONBLOCK);
        return opened;
    }

    void begin_in(int opened) noexcept {
        struct stat status {};
        is_regular_ = fstat(opened, &status) == 0 && S_ISREG(status.st_mode);
        size_ = is_regular_ ? static_cast<std::uint64_t>(status.st_size) : 0;
        last_write_ = status.st_mtime;
        begin_at(opened, is_regular_ && ends_within_line());
    }

    // What an earlier run left half-written when it was killed.
    bool ends_within_line() const noexcept {
        if (size_ == 0) return false;
        const int reading = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (reading < 0) return false;
        char last = '\n';
        if (pread(reading, &last, 1, static_cast<off_t>(size_ - 1)) != 1) last = '\n';
        close(reading);
        return last != '\n';
    }

    std::string path_;
    Output::Rotate rotate_;
    bool is_regular_ = false;
    std::uint64_t size_ = 0;
    std::int64_t last_write_ = 0, next_try_ = 0;  // seconds since 1970
};

}  // namespace

std::unique_ptr<Sink> open_file(const Output& output, const Sender&) {
    if (output.to == "-") return std::make_unique<StandardOutput>(output.format);
    return std::make_unique<FileSink>(output);
}

}  // namespace umbratap::report
