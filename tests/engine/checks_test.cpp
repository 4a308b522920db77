#include "engine/checks.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace umbratap;
using namespace umbratap::engine;

namespace {

const Check& named(const std::vector<Check>& checks, const std::string& name) {
    const auto found = std::find_if(checks.begin(), checks.end(),
                                    [&](const Check& check) { return check.name == name; });
    REQUIRE(found != checks.end());
    return *found;
}

bool all_are_ok(const std::vector<Check>& checks) {
    return std::all_of(checks.begin(), checks.end(), [](const Check& check) {
        return check.judgement == Judgement::ok && check.command.empty();
    });
}

capture::InterfaceFacts sound() {
    capture::InterfaceFacts facts;
    facts.state = {.index = 2, .name = "eth1", .up = true, .carrier = true, .mtu = 1500};
    facts.speed = 10000;
    facts.features["rx-gro"] = {.on = true};
    facts.ring_frames = facts.ring_frames_max = 4096;
    facts.queues = 1;
    return facts;
}

ListeningFacts good_traffic() {
    ListeningFacts facts{.seconds = 5};
    facts.traffic = {.frames = 10'000,
                     .bytes = 8'000'000,
                     .packets = 10'000,
                     .directed = 10'000,
                     .own = 10,
                     .tcp_flows = 100,
                     .one_sided = 1,
                     .tls_flows = 50};
    facts.losses = {.received = 10'000};
    return facts;
}

}  // namespace

TEST_CASE("checks: a sound interface needs no command") {
    CHECK(all_are_ok(check_interface(sound())));
}

TEST_CASE("checks: each fault of an interface is told with the command that mends it") {
    capture::InterfaceFacts facts = sound();
    facts.state.up = false;
    CHECK(named(check_interface(facts), "link").judgement == Judgement::wrong);
    CHECK(named(check_interface(facts), "link").command == "ip link set dev eth1 up");

    facts = sound();
    facts.state.carrier = false;
    CHECK(named(check_interface(facts), "link").judgement == Judgement::wrong);

    facts = sound();
    facts.state.mtu = 576;
    CHECK(named(check_interface(facts), "mtu").command == "ip link set dev eth1 mtu 1500");

    facts = sound();
    facts.features["rx-lro"] = {.on = true};
    facts.features["rx-gro-hw"] = {.on = true, .fixed = true};
    const Check offloads = named(check_interface(facts), "offloads");
    CHECK(offloads.judgement == Judgement::warning);
    CHECK(offloads.command == "ethtool -K eth1 rx-lro off");
    CHECK(offloads.text.find("rx-lro, rx-gro-hw") != std::string::npos);
    facts.features["rx-lro"].fixed = true;
    CHECK(named(check_interface(facts), "offloads").command.empty());

    facts = sound();
    facts.ring_frames = 512;
    CHECK(named(check_interface(facts), "device ring").command == "ethtool -G eth1 rx 4096");
    facts.ring_frames_max = 0;
    CHECK(named(check_interface(facts), "device ring").judgement == Judgement::ok);
}

TEST_CASE("checks: several queues are sound if their hash is symmetric") {
    capture::InterfaceFacts facts = sound();
    facts.queues = 4;
    CHECK(named(check_interface(facts), "queues").command == "ethtool -L eth1 combined 1");
    facts.hash = capture::QueueHash{.key = {1, 2, 3, 4}, .is_toeplitz = true, .queues_used = 4};
    CHECK(named(check_interface(facts), "queues").command == "ethtool -X eth1 hkey 6d:5a:6d:5a");
    facts.hash->key = {0x6d, 0x5a, 0x6d, 0x5a};
    CHECK(named(check_interface(facts), "queues").judgement == Judgement::ok);
}

TEST_CASE("checks: names are safe to be pasted into a shell") {
    capture::InterfaceFacts facts = sound();
    facts.state.name = "a;'b";
    facts.state.up = false;
    CHECK(named(check_interface(facts), "link").command == "ip link set dev 'a;'\\''b' up");
}

TEST_CASE("checks: traffic of a good mirror port is in order") {
    CHECK(all_are_ok(check_listening("eth1", good_traffic())));
}

TEST_CASE("checks: silence, loss, one direction, own frames and tunnels are told") {
    ListeningFacts facts{.seconds = 5};
    CHECK(named(check_listening("eth1", facts), "traffic").judgement == Judgement::wrong);

    facts = good_traffic();
    facts.losses.kernel_dropped = 7;
    const Check loss = named(check_listening("eth1", facts), "loss");
    CHECK(loss.judgement == Judgement::warning);
    CHECK(loss.text.find("7 of 10,000 lost") != std::string::npos);

    facts = good_traffic();
    facts.traffic.one_sided = 20;
    CHECK(named(check_listening("eth1", facts), "directions").judgement == Judgement::warning);
    facts.traffic.one_sided = 96;
    CHECK(named(check_listening("eth1", facts), "directions").judgement == Judgement::wrong);
    facts.traffic.tcp_flows = facts.traffic.one_sided = 9;  // too few
    CHECK(named(check_listening("eth1", facts), "directions").judgement == Judgement::warning);

    facts = good_traffic();
    facts.traffic.own = facts.traffic.directed;
    CHECK(named(check_listening("eth1", facts), "others' frames").judgement == Judgement::warning);

    facts = good_traffic();
    facts.traffic.tunnelled = 3000;
    CHECK(all_are_ok(check_listening("eth1", facts)));  // a thread of ours spreads them
    facts.kernel_spreads = true;
    CHECK(named(check_listening("eth1", facts), "tunnels").command == "capture: {spread: reader}");
}

TEST_CASE("checks: what is missing on the machine is told") {
    SystemFacts system{.landlock = 4, .clock_synchronised = true, .cores = 2, .workers = 2};
    CHECK(all_are_ok(check_system(system)));
    system.program = "/usr/bin/umbratap";
    system.may_capture = false;
    system.clock_synchronised = false;
    system.landlock = 0;
    system.workers = 3;
    const auto checks = check_system(system);
    CHECK(named(checks, "privileges").judgement == Judgement::wrong);
    CHECK(named(checks, "privileges").command == "setcap cap_net_raw+ep /usr/bin/umbratap");
    CHECK(named(checks, "clock").command == "timedatectl set-ntp true");
    CHECK(named(checks, "confinement").judgement == Judgement::warning);
    CHECK(named(checks, "workers").command == "umbratap -w 2");
    system.seccomp = false;
    CHECK(named(check_system(system), "confinement").judgement == Judgement::wrong);
}

TEST_CASE("checks: a key log is there, one's own, fresh and understood, or not") {
    KeyLogFacts facts{.name = "keys.log", .age_seconds = 60};
    facts.secrets = {{"CLIENT_RANDOM", 3}, {"CLIENT_TRAFFIC_SECRET_0", 1}};
    Check check = check_key_log(facts);
    CHECK(check.judgement == Judgement::ok);
    CHECK(check.text ==
          "keys.log: 4 secrets (3 CLIENT_RANDOM, 1 CLIENT_TRAFFIC_SECRET_0), written to 1 min 0 s "
          "ago");
    facts.mode = 0644;
    CHECK(check_key_log(facts).command == "chmod 600 keys.log");
    facts.mode = 0600;
    facts.age_seconds = 3 * 24 * 3600;
    CHECK(check_key_log(facts).judgement == Judgement::warning);
    facts.age_seconds = 0;
    facts.secrets.clear();
    CHECK(check_key_log(facts).judgement == Judgement::warning);
    facts.trouble = "keys.log: key log is a directory; expected a plain file";
    CHECK(check_key_log(facts).judgement == Judgement::wrong);
    CHECK(check_key_log(facts).text == facts.trouble);
    facts.missing = true;
    CHECK(check_key_log(facts).command == "export SSLKEYLOGFILE=keys.log");
}
