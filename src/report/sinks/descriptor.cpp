// Lines that go into a file descriptor.
#include "report/sinks/descriptor.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace umbratap::report {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t gathered_bytes_max = 64 << 10;
constexpr std::chrono::minutes trouble_pause{1};
constexpr std::chrono::milliseconds sync_pause{100};  // a flood of alerts is none of syncs
constexpr int ready_wait_max_ms = 1000;               // for a pipe that someone set to non-blocking

}  // namespace

void DescriptorSink::write(const Event& event) noexcept {
    const std::size_t before = gathered_.size();
    if (!render(format_, event.line, gathered_)) {
        ++dropped_events_;
        return;
    }
    if (gathered_.size() == before) return;  // that schema has no place for it
    ++gathered_events_;
    const bool alert = event.severity != 0;
    sync_wanted_ = sync_wanted_ || alert;
    if (alert || gathered_.size() >= gathered_bytes_max) flush(false);
}

void DescriptorSink::flush(bool sync_now) noexcept {
    write_out();
    if (sync_now || (sync_wanted_ && Clock::now() - synced_ >= sync_pause)) sync();
}

void DescriptorSink::sync() noexcept {
    // EINVAL: a pipe or device, which has nothing to sync.
    if (fdatasync(descriptor_) != 0 && errno != EINVAL && errno != EROFS) fail(errno);
    sync_wanted_ = false;
    synced_ = Clock::now();
}

void DescriptorSink::write_out() noexcept {
    if (gathered_.empty()) return;
    if (closed_for_good_) return drop(gathered_);
    prepare(gathered_.size());
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
        say("is written again; " + std::to_string(dropped_events_) + " events were lost so far");
    }
}

void DescriptorSink::fail(int error) noexcept {
    const auto now = Clock::now();
    if (error == error_ && now - told_ < trouble_pause) return;
    error_ = error;
    told_ = now;
    say(std::string(std::strerror(error)) + "; events are lost until that ends");
}

/// Writes some of `bytes` and says how many; 0 after an error.
std::size_t DescriptorSink::put(std::string_view bytes) noexcept {
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
void DescriptorSink::drop(std::string_view rest) noexcept {
    const auto lines = static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
    const std::uint64_t dropped = std::min(lines, gathered_events_);
    dropped_events_ += dropped;
    written_events_ += gathered_events_ - dropped;
    gathered_.clear();
    gathered_events_ = 0;
}

}  // namespace umbratap::report
