#include "capture/interface.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <iostream>
#include <map>
#include <set>

#include "support/network_namespace.h"
#include "support/packet_builder.h"

using namespace umbratap;
using namespace umbratap::test;
using capture::InterfaceOptions;
using capture::InterfaceSource;
using capture::open_interfaces;

namespace {

/// Skips the test where it cannot have a network of its own.
#define NEEDS(network)                                                         \
    if (!(network)) {                                                          \
        std::cout << "skipped: a network namespace needs root and iproute2\n"; \
        return;                                                                \
    }

InterfaceOptions options_for(std::vector<std::string> names) {
    return {.names = std::move(names), .ring_bytes = 4 << 20};
}

struct Seen {
    std::string interface;
    std::uint64_t number;
    std::uint16_t link_type;
    Octets data;
};

void read_once(InterfaceSource& source, std::vector<Seen>& seen) {
    Batch<capture::Frame> frames;
    source.read(frames);
    for (const capture::Frame& frame : frames)
        seen.push_back({frame.origin->name, frame.number, frame.link_type,
                        Octets(frame.data.begin(), frame.data.end())});
}

/// Until as many came; for a second at most.
std::vector<Seen> read_some(InterfaceSource& source, std::size_t count) {
    std::vector<Seen> seen;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (seen.size() < count && std::chrono::steady_clock::now() < end) read_once(source, seen);
    return seen;
}

/// All that is left, behind stop().
std::vector<Seen> read_rest(InterfaceSource& source) {
    source.stop();
    std::vector<Seen> seen;
    for (Batch<capture::Frame> frames; source.read(frames); frames.clear()) {
        for (const capture::Frame& frame : frames)
            seen.push_back({frame.origin->name, frame.number, frame.link_type,
                            Octets(frame.data.begin(), frame.data.end())});
    }
    return seen;
}

void check_exact(InterfaceSource& source) {
    const capture::LossCounts losses = source.losses();
    CHECK(losses.received == source.counts().packets + losses.kernel_dropped);
}

std::string notices_of(InterfaceSource& source) {
    std::string text;
    for (const capture::Notice& notice : source.take_notices()) text += notice.text + "\n";
    return text;
}

std::string refusal_of(const InterfaceOptions& options) {
    try {
        open_interfaces(options);
    } catch (const capture::InputError& error) {
        return error.what();
    }
    return "none";
}

Octets numbered(std::uint32_t number, std::size_t size = 200) {
    Octets payload(size);
    put_32(payload, number);
    return ethernet(ip({.protocol = protocol_udp}, udp(4000, 5000, payload)));
}

}  // namespace

TEST_CASE("interface: frames arrive whole and in order, and none is lost") {
    NetworkNamespace network;
    NEEDS(network);
    network.add_cable("v0", "v1");
    const auto sources = open_interfaces(options_for({"v1"}));
    REQUIRE(sources.size() == 1);
    InterfaceSource& source = *sources.front();
    FrameSender sender("v0");
    constexpr std::uint32_t count = 1000;
    for (std::uint32_t i = 0; i < count; ++i) sender.send(numbered(i, i % 1400));
    std::vector<Seen> seen = read_some(source, count / 2);
    const auto rest = read_rest(source);
    seen.insert(seen.end(), rest.begin(), rest.end());
    REQUIRE(seen.size() == count);
    for (std::uint32_t i = 0; i < count; ++i) {
        CHECK(seen[i].data == numbered(i, i % 1400));
        CHECK(seen[i].number == i + 1);
        CHECK(seen[i].link_type == 1);
        CHECK(seen[i].interface == "v1");
    }
    CHECK(source.losses().received == count);
    CHECK(source.losses().kernel_dropped == 0);
    CHECK(source.counts().packets == count);
    CHECK(notices_of(source).empty());
}

TEST_CASE("interface: VLAN tags that the kernel took off are there again") {
    NetworkNamespace network;
    NEEDS(network);
    network.add_cable("v0", "v1");
    const auto one = open_interfaces(options_for({"v1"}));
    const auto all = open_interfaces(options_for({"any"}));
    const Octets inner = ip({.protocol = protocol_udp}, udp(4000, 5000, octets("hello")));
    const Octets single = ethernet(vlan(7, 0x0800, inner), 0x8100);
    const Octets twofold = ethernet(vlan(100, 0x8100, vlan(7, 0x0800, inner)), 0x88a8);
    FrameSender sender("v0");
    sender.send(single);
    sender.send(twofold);
    const auto seen = read_some(*one.front(), 2);
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].data == single);
    CHECK(seen[1].data == twofold);
    // Each frame leaves one end and reaches the other. Behind the cooked header the tag follows.
    const auto cooked = read_some(*all.front(), 4);
    REQUIRE(cooked.size() == 4);
    for (const Seen& frame : {cooked[1], cooked[3]}) {
        CHECK(frame.link_type == 113);
        CHECK((frame.data[14] == 0x81 || frame.data[14] == 0x88));
    }
}

TEST_CASE("interface: both directions and all fragments of a flow go to one member of a group") {
    NetworkNamespace network;
    NEEDS(network);
    network.add_cable("v0", "v1");
    InterfaceOptions options = options_for({"v1"});
    options.members = 4;
    const auto sources = open_interfaces(options);
    REQUIRE(sources.size() == 4);
    FrameSender near("v0"), far("v1");
    constexpr std::uint16_t flows = 64;
    for (std::uint16_t port = 1000; port < 1000 + flows; ++port) {
        for (int i = 0; i < 3; ++i) {
            near.send(ethernet(ip({}, tcp({.source_port = port}, "to"))));
            far.send(ethernet(ip({.source = "10.0.0.2", .target = "10.0.0.1"},
                                 tcp({.source_port = 80, .target_port = port}, "fro"))));
        }
    }
    Octets datagram = udp(7000, 7001, Octets(1600, 'x'));
    const Ip whole{.protocol = protocol_udp, .id = 77};
    fill_transport_checksum(datagram, whole);
    const Octets head(datagram.begin(), datagram.begin() + 800);
    const Octets tail(datagram.begin() + 800, datagram.end());
    near.send(ethernet(ip({.protocol = protocol_udp, .id = 77, .fragment = 100}, tail)));
    near.send(ethernet(ip({.protocol = protocol_udp, .id = 77, .fragment = 0x2000}, head)));
    near.send(ethernet(ip({.protocol = protocol_udp}, udp(7000, 7001, octets("single")))));

    std::map<std::uint16_t, std::set<std::size_t>> members_of_port;
    std::set<std::size_t> used;
    std::size_t frames = 0, whole_datagrams = 0;
    for (std::size_t member = 0; member < sources.size(); ++member) {
        for (const Seen& frame : read_rest(*sources[member])) {
            ++frames;
            const std::uint16_t source_port = big_endian_16(frame.data.data() + 34);
            const std::uint16_t target_port = big_endian_16(frame.data.data() + 36);
            if (source_port == 7000 && frame.data.size() == 14 + 20 + datagram.size()) {
                ++whole_datagrams;
                CHECK(std::equal(datagram.begin(), datagram.end(), frame.data.begin() + 34));
            }
            members_of_port[source_port == 80 ? target_port : source_port].insert(member);
            used.insert(member);
        }
        check_exact(*sources[member]);
    }
    CHECK(frames == 6 * flows + 2);
    CHECK(whole_datagrams == 1);
    CHECK(used.size() > 1);
    CHECK(members_of_port.size() == flows + 1);
    for (const auto& [port, members] : members_of_port) CHECK(members.size() == 1);
}

TEST_CASE("interface: what was too much is counted to the frame") {
    NetworkNamespace network;
    NEEDS(network);
    network.add_cable("v0", "v1");
    InterfaceOptions options = options_for({"v1"});
    options.ring_bytes = 512 << 10;
    const auto sources = open_interfaces(options);
    InterfaceSource& source = *sources.front();
    FrameSender sender("v0");
    constexpr std::uint32_t count = 20000;
    std::vector<Seen> seen;
    for (std::uint32_t i = 0; i < count; ++i) {
        sender.send(numbered(i));
        if (i % 5000 == 0) read_once(source, seen);
    }
    const auto rest = read_rest(source);
    seen.insert(seen.end(), rest.begin(), rest.end());
    const capture::LossCounts losses = source.losses();
    CHECK(losses.received == count);
    CHECK(losses.kernel_dropped > 0);
    CHECK(losses.received == seen.size() + losses.kernel_dropped);
    sender.send(numbered(0));
    CHECK(source.losses().received == count);
}

TEST_CASE("interface: a filter decides in the kernel, and what it leaves out was never received") {
    NetworkNamespace network;
    NEEDS(network);
    network.add_cable("v0", "v1");
    InterfaceOptions options = options_for({"v1"});
    options.filter = "udp port 53 or (vlan 7 and udp port 53)";
    const auto sources = open_interfaces(options);
    options.names = {"any"};
    options.filter = "udp port 53";
    const auto all = open_interfaces(options);
    FrameSender sender("v0");
    const Octets wanted = ip({.protocol = protocol_udp}, udp(53, 4000, octets("yes")));
    sender.send(numbered(1));
    sender.send(ethernet(wanted));
    sender.send(ethernet(vlan(7, 0x0800, wanted), 0x8100));
    sender.send(ethernet(vlan(8, 0x0800, numbered(2)), 0x8100));
    CHECK(read_rest(*sources.front()).size() == 2);
    CHECK(sources.front()->losses().received == 2);
    CHECK(read_rest(*all.front()).size() == 2);  // left and arrived; the tag hides the other
    CHECK(all.front()->counts().filtered == 6);
    check_exact(*all.front());

    options.filter = "no such filter";
    CHECK_THROWS_AS(open_interfaces(options), std::invalid_argument);
    options.names = {"v1"};
    CHECK_THROWS_AS(open_interfaces(options), std::invalid_argument);
}

TEST_CASE("interface: an interface that goes down and comes back is picked up again") {
    NetworkNamespace network;
    NEEDS(network);
    network.add_cable("v0", "v1");
    for (const unsigned members : {1U, 2U}) {
        InterfaceOptions options = options_for({"v1"});
        options.members = members;
        const auto sources = open_interfaces(options);
        InterfaceSource& source = *sources.front();
        network.ip("link set dev v1 down");
        CHECK(read_some(source, 1).empty());
        network.ip("link set dev v1 up");
        network.wait_until_up("v1");
        CHECK(read_some(source, 1).empty());
        CHECK(notices_of(source) ==
              "v1: the interface went down; waiting for it to come back\n"
              "v1: the interface is up again\n");
        network.ip("link set dev v1 mtu 2000");
        FrameSender sender("v0");
        for (std::uint32_t i = 0; i < 10; ++i) sender.send(numbered(i));
        std::size_t count = 0;
        for (const auto& member : sources) count += read_rest(*member).size();
        CHECK(count == 10);
        CHECK(source.gone().empty());
    }
}

TEST_CASE("interface: renaming does not end it") {
    NetworkNamespace network;
    NEEDS(network);
    network.add_cable("v0", "v1");
    const auto sources = open_interfaces(options_for({"v1"}));
    network.ip("link set dev v1 down");
    network.ip("link set dev v1 name other");
    network.ip("link set dev other up");
    network.wait_until_up("other");
    CHECK(read_some(*sources.front(), 1).empty());
    FrameSender("v0").send(numbered(1));
    CHECK(read_rest(*sources.front()).size() == 1);
}

TEST_CASE("interface: one that is removed is gone; what it had is read, and the others go on") {
    NetworkNamespace network;
    NEEDS(network);
    network.add_cable("v0", "v1");
    network.add_cable("w0", "w1");
    InterfaceOptions options = options_for({"v1", "w1"});
    const auto sources = open_interfaces(options);
    InterfaceSource& source = *sources.front();
    FrameSender("v0").send(numbered(1));
    network.ip("link del v0");
    std::vector<Seen> seen;
    FrameSender sender("w0");
    sender.send(numbered(2));
    seen = read_some(source, 2);
    CHECK(seen.size() == 2);
    CHECK(read_some(source, 1).empty());
    CHECK(source.gone() == std::vector<std::string>{"v1"});
    CHECK(notices_of(source) == "v1: the interface was removed\n");
    sender.send(numbered(3));
    seen = read_rest(source);
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].interface == "w1");
    CHECK(source.counts().packets == 3);
    check_exact(source);

    // Opened anew while it is not there.
    CHECK(refusal_of(options).starts_with("v1: there is no such interface"));
    options.may_be_gone = true;
    const auto anew = open_interfaces(options);
    CHECK(anew.front()->gone() == std::vector<std::string>{"v1"});
    sender.send(numbered(4));
    CHECK(read_some(*anew.front(), 1).size() == 1);

    // One that is down already.
    network.ip("link set dev w1 down");
    CHECK(read_some(*anew.front(), 1).empty());
    network.ip("link del w1");
    CHECK(read_some(*anew.front(), 1).empty());
    CHECK(anew.front()->gone() == std::vector<std::string>{"v1", "w1"});
    CHECK(notices_of(*anew.front()) ==
          "w1: the interface went down; waiting for it to come back\n"
          "w1: the interface was removed\n");
    CHECK(read_rest(*anew.front()).empty());
}

TEST_CASE("interface: what cannot be opened is refused in one line that says what to do") {
    NetworkNamespace network;
    NEEDS(network);
    network.add_cable("v0", "v1");
    CHECK(refusal_of(options_for({"v7"})) ==
          "v7: there is no such interface; there are lo, v1, v0, any");
    CHECK(refusal_of(options_for({"a-name-that-is-too-long"}))
              .starts_with("a-name-that-is-too-long: there is no such interface"));
    CHECK(refusal_of(options_for({"v1", "v1"})).starts_with("v1: is named twice"));
    network.ip("link set dev v1 down");
    CHECK(refusal_of(options_for({"v1"})) ==
          "v1: the interface is down; bring it up: ip link set dev v1 up");
}

TEST_CASE("interface: two sensors on one interface each see everything") {
    NetworkNamespace network;
    NEEDS(network);
    network.add_cable("v0", "v1");
    InterfaceOptions options = options_for({"v1"});
    options.members = 2;
    const auto one = open_interfaces(options), other = open_interfaces(options);
    FrameSender sender("v0");
    for (std::uint16_t port = 1; port <= 40; ++port)
        sender.send(ethernet(ip({}, tcp({.source_port = port}, "x"))));
    CHECK(read_rest(*one[0]).size() + read_rest(*one[1]).size() == 40);
    CHECK(read_rest(*other[0]).size() + read_rest(*other[1]).size() == 40);
}

TEST_CASE("interface: what a loopback sends and receives is captured once") {
    NetworkNamespace network;
    NEEDS(network);
    for (const char* name : {"lo", "any"}) {
        for (const unsigned members : {1U, 2U}) {
            InterfaceOptions options = options_for({name});
            options.members = members;
            const auto sources = open_interfaces(options);
            FrameSender sender("lo");
            for (std::uint32_t i = 0; i < 5; ++i) sender.send(numbered(i));
            std::size_t seen = 0;
            capture::LossCounts losses;
            for (const auto& source : sources) {
                seen += read_rest(*source).size();
                check_exact(*source);
                losses += source->losses();
            }
            CHECK(seen == 5);
            CHECK(losses.received == 5);
        }
    }
}

TEST_CASE("interface: once it is open, nothing else needs to be opened") {
    NetworkNamespace network;
    NEEDS(network);
    network.add_cable("v0", "v1");
    const auto sources = open_interfaces(options_for({"v1"}));
    InterfaceSource& source = *sources.front();
    FrameSender sender("v0");
    for (std::uint32_t i = 0; i < 10; ++i) sender.send(numbered(i));
    std::vector<int> taken;  // every descriptor that this process may have
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const rlimit few{.rlim_cur = 64, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    for (int one = dup(0); one >= 0; one = dup(0)) taken.push_back(one);
    const std::vector<Seen> seen = read_some(source, 10);
    const std::vector<Seen> rest = read_rest(source);
    const capture::LossCounts losses = source.losses();
    for (const int one : taken) close(one);
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK_FALSE(taken.empty());
    CHECK(seen.size() == 10);
    CHECK(losses.received == 10);
}

TEST_CASE("interface: a child without any rights reads what its parent opened") {
    NetworkNamespace network;
    NEEDS(network);
    network.add_cable("v0", "v1");
    const auto sources = open_interfaces(options_for({"v1"}));
    InterfaceSource& source = *sources.front();
    FrameSender sender("v0");
    for (std::uint32_t i = 0; i < 10; ++i) sender.send(numbered(i));
    const pid_t child = fork();
    if (child == 0) {
        bool good = setresuid(65534, 65534, 65534) == 0 && socket(AF_PACKET, SOCK_RAW, 0) < 0;
        good = good && read_some(source, 10).size() == 10 && read_rest(source).empty();
        _exit(good && source.losses().received == 10 ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
}
