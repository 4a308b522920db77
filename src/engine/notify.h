// What systemd wants to hear of a service (sd_notify(3)): one datagram to the socket that
// NOTIFY_SOCKET names.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace umbratap::engine {

class ServiceNotifier {
public:
    /// Takes NOTIFY_SOCKET and WATCHDOG_USEC out of the environment, and does nothing where they
    /// are not set.
    ServiceNotifier();

    /// "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…", several of them on lines of their own.
    void tell(std::string_view state) const noexcept;
    /// Half of what systemd waits for a sign of life; zero where it does not.
    std::chrono::microseconds watchdog_interval() const noexcept { return watchdog_interval_; }

private:
    std::string socket_;
    std::chrono::microseconds watchdog_interval_{};
};

}  // namespace umbratap::engine
