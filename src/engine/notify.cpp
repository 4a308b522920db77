// What systemd wants to hear of a service.
#include "engine/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/descriptor.h"

namespace umbratap::engine {

namespace {

std::string take_variable(const char* name) {
    const char* value = std::getenv(name);
    std::string taken = value != nullptr ? value : "";
    unsetenv(name);
    return taken;
}

}  // namespace

ServiceNotifier::ServiceNotifier()
    : socket_(take_variable("NOTIFY_SOCKET")),
      watchdog_interval_(std::strtoull(take_variable("WATCHDOG_USEC").c_str(), nullptr, 10) / 2) {}

void ServiceNotifier::tell(std::string_view state) const noexcept {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
    const Descriptor out(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!out) return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    sendto(out.number(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
           reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace umbratap::engine
