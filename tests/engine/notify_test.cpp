// What systemd wants to hear of a service.
#include "engine/notify.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/descriptor.h"
#include "support/temporary_directory.h"

using namespace umbratap;
using namespace std::chrono_literals;

namespace {

/// As systemd has it. `name` begins with '@' in the abstract namespace.
class Listener {
public:
    explicit Listener(const std::string& name)
        : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name.front() == '@') address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        REQUIRE(bind(socket_.number(), reinterpret_cast<sockaddr*>(&address), size) == 0);
        setenv("NOTIFY_SOCKET", name.c_str(), 1);
    }
    std::string heard() const {
        char text[256];
        const ssize_t size = recv(socket_.number(), text, sizeof text, 0);
        return size < 0 ? "" : std::string(text, static_cast<std::size_t>(size));
    }

private:
    Descriptor socket_;
};

}  // namespace

TEST_CASE("notify: systemd hears what is said, on a socket in a directory and on an abstract one") {
    const test::TemporaryDirectory directory;
    for (const std::string& name :
         {directory.path() + "/notify", "@umbratap-test-" + std::to_string(getpid())}) {
        const Listener listener(name);
        setenv("WATCHDOG_USEC", "4000000", 1);
        const engine::ServiceNotifier notifier;
        CHECK(notifier.watchdog_interval() == 2s);
        notifier.tell("READY=1\nSTATUS=listening");
        CHECK(listener.heard() == "READY=1\nSTATUS=listening");
    }
}

TEST_CASE("notify: children do not inherit whom to tell") {
    setenv("NOTIFY_SOCKET", "/nowhere", 1);
    setenv("WATCHDOG_USEC", "1", 1);
    const engine::ServiceNotifier notifier;
    CHECK(std::getenv("NOTIFY_SOCKET") == nullptr);
    CHECK(std::getenv("WATCHDOG_USEC") == nullptr);
    notifier.tell("READY=1");  // nobody is there
}

TEST_CASE("notify: outside of systemd nothing is said") {
    const engine::ServiceNotifier notifier;
    CHECK(notifier.watchdog_interval() == 0s);
    notifier.tell("READY=1");
    setenv("NOTIFY_SOCKET", std::string(200, '/').c_str(), 1);  // longer than a name can be
    engine::ServiceNotifier().tell("READY=1");
}
