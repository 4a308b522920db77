// A network of this test's own: a namespace with interfaces that nobody else sees, for as long as
// the object lives. Needs root; where that is missing the test is skipped, and says so.
#pragma once

#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include "base/bytes.h"

namespace umbratap::test {

class NetworkNamespace {
public:
    NetworkNamespace() : before_(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)) {
        made_ = before_ >= 0 && unshare(CLONE_NEWNET) == 0;
        // Or else the kernel sends frames of its own.
        if (made_) std::ofstream("/proc/sys/net/ipv6/conf/default/disable_ipv6") << "1\n";
        if (made_) made_ = std::system("ip link set lo up") == 0;
    }
    ~NetworkNamespace() {
        if (made_ && setns(before_, CLONE_NEWNET) != 0) std::abort();
        if (before_ >= 0) close(before_);
    }
    NetworkNamespace(const NetworkNamespace&) = delete;
    NetworkNamespace& operator=(const NetworkNamespace&) = delete;

    /// False where this user may not make one, or there is no `ip`.
    explicit operator bool() const { return made_; }

    /// ip("link set dev v0 up")
    static void ip(const std::string& words) {
        if (std::system(("ip " + words).c_str()) != 0) throw std::runtime_error("ip " + words);
    }
    /// Two interfaces with a cable between them, up: before the kernel says so it drops frames.
    static void add_cable(const std::string& one, const std::string& other) {
        ip("link add " + one + " type veth peer name " + other);
        for (const std::string& end : {one, other}) ip("link set dev " + end + " up");
        for (const std::string& end : {one, other}) wait_until_up(end);
    }
    static void wait_until_up(const std::string& interface) {
        const std::string look = "ip -o link show " + interface + " | grep -q 'state UP'";
        for (int i = 0; i < 200; ++i) {
            if (std::system(look.c_str()) == 0) return;
            usleep(10'000);
        }
        throw std::runtime_error(interface + " does not come up");
    }

private:
    int before_;
    bool made_ = false;
};

/// Puts frames on an interface as they are.
class FrameSender {
public:
    explicit FrameSender(const std::string& interface)
        : socket_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
        sockaddr_ll address{};
        address.sll_family = AF_PACKET;
        address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
        if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot send on " + interface);
    }
    ~FrameSender() { close(socket_); }
    FrameSender(const FrameSender&) = delete;
    FrameSender& operator=(const FrameSender&) = delete;

    void send(Bytes frame) {
        if (::send(socket_, frame.data(), frame.size(), 0) != static_cast<ssize_t>(frame.size()))
            throw std::runtime_error("a frame was not sent");
    }

private:
    int socket_;
};

}  // namespace umbratap::test
