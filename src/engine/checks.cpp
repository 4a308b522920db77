// The judgements. Wrong is what makes findings fail to appear; a warning is what makes them fewer,
// later or dearer.
#include "engine/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "report/quantity.h"

namespace umbratap::engine {

namespace {

using capture::InterfaceFacts;

constexpr std::uint64_t flows_needed = 10;      // before a share of them means anything
constexpr std::uint64_t directed_needed = 100;  // likewise of frames
constexpr std::int64_t key_log_old_seconds = 24 * 3600;

Check ok(std::string name, std::string text) {
    return {Judgement::ok, std::move(name), std::move(text), {}};
}

Check warning(std::string name, std::string text, std::string command = {}) {
    return {Judgement::warning, std::move(name), std::move(text), std::move(command)};
}

Check wrong(std::string name, std::string text, std::string command = {}) {
    return {Judgement::wrong, std::move(name), std::move(text), std::move(command)};
}

/// A word of a command, safe to be pasted into a shell.
std::string quoted(const std::string& word) {
    const auto is_plain = [](char c) {
        return (std::isalnum(static_cast<unsigned char>(c)) != 0) ||
               std::string_view("._/:@%+=-").find(c) != std::string_view::npos;
    };
    if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
    std::string text = "'";
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

std::uint64_t percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : part * 100 / whole;
}

Check check_link(const InterfaceFacts& facts) {
    const capture::InterfaceState& state = facts.state;
    if (!state.up) {
        return wrong("link", "the interface is down",
                     fmt::format("ip link set dev {} up", quoted(state.name)));
    }
    if (!state.carrier)
        return wrong("link", "no carrier: is the cable in, and is the other end on?");
    std::string text = "up";
    if (facts.speed > 0) text += fmt::format(", {} Mbit/s", facts.speed);
    if (!facts.driver.empty()) text += ", driver " + facts.driver;
    return ok("link", text);
}

Check check_mtu(const InterfaceFacts& facts) {
    constexpr std::uint32_t usual = 1500;
    const std::uint32_t mtu = facts.state.mtu;
    std::string text = fmt::format("{} bytes", mtu);
    if (mtu < usual) {
        return warning("mtu",
                       text + "; many devices drop longer frames, of which a mirror has some",
                       fmt::format("ip link set dev {} mtu {}", quoted(facts.state.name), usual));
    }
    if (mtu == usual) text += "; raise it if the mirrored network has jumbo frames or tunnels";
    return ok("mtu", text);
}

Check check_promiscuity(const InterfaceFacts& facts) {
    return ok("promiscuity", facts.state.promiscuous
                                 ? "on already"
                                 : "off now; it is turned on for as long as a capture lasts");
}

Check check_offloads(const InterfaceFacts& facts) {
    // Segments that the device itself joins come with invented headers; those that the kernel
    // joins were in order and of one kind, and can be taken apart again.
    std::string joining, to_turn_off;
    for (const char* name : {"rx-lro", "rx-gro-hw"}) {
        const capture::Feature feature = facts.feature(name);
        if (feature.on) joining += fmt::format("{}{}", joining.empty() ? "" : ", ", name);
        if (feature.on && !feature.fixed) to_turn_off += fmt::format(" {} off", name);
    }
    if (!joining.empty()) {
        return warning(
            "offloads",
            fmt::format("the device joins segments to long ones ({}{}): what was on the "
                        "wire, and when, is no longer seen",
                        joining, to_turn_off.empty() ? ", cannot be turned off" : ""),
            to_turn_off.empty() ? "" : "ethtool -K " + quoted(facts.state.name) + to_turn_off);
    }
    std::string text =
        facts.feature("rx-gro").on
            ? "GRO is on: segments are joined by the kernel; frames are taken up to 256 KiB"
            : "GRO and LRO are off: frames come as they were on the wire";
    if (facts.feature("tx-tcp-segmentation").on || facts.feature("tx-generic-segmentation").on)
        text += "; TSO and GSO matter only for what this machine sends";
    return ok("offloads", text);
}

Check check_vlan(const InterfaceFacts& facts) {
    if (facts.feature("rx-vlan-filter").on && !facts.state.promiscuous) {
        return ok("vlan",
                  "the device filters by VLAN, which ends while it is promiscuous; tags are "
                  "put back where they are taken off");
    }
    return ok("vlan", facts.feature("rx-vlan-hw-parse").on
                          ? "tags are taken off by the device, and put back here"
                          : "tags stay in the frames");
}

Check check_ring(const InterfaceFacts& facts) {
    if (facts.ring_frames_max == 0) return ok("device ring", "the driver has none to set");
    const std::string text =
        fmt::format("{} of at most {} frames", facts.ring_frames, facts.ring_frames_max);
    if (facts.ring_frames >= facts.ring_frames_max) return ok("device ring", text);
    return warning(
        "device ring", text + "; bursts are lost in the device",
        fmt::format("ethtool -G {} rx {}", quoted(facts.state.name), facts.ring_frames_max));
}

Check check_queues(const InterfaceFacts& facts) {
    if (facts.queues <= 1) return ok("queues", "one receive queue: frames come in order");
    const std::string text = fmt::format("{} receive queues", facts.queues);
    if (facts.hash && facts.hash->is_symmetric())
        return ok("queues", text + ", both directions of a flow in the same one");
    if (facts.hash && facts.hash->is_toeplitz && !facts.hash->key.empty()) {
        std::string key = "6d:5a";
        for (std::size_t i = 2; i < facts.hash->key.size(); ++i) key += i % 2 == 0 ? ":6d" : ":5a";
        return warning("queues",
                       text +
                           ", the two directions of a flow in different ones: answers may be "
                           "captured before their requests",
                       fmt::format("ethtool -X {} hkey {}", quoted(facts.state.name), key));
    }
    return warning("queues",
                   text + ", and unknown whether both directions of a flow come in through one",
                   fmt::format("ethtool -L {} combined 1", quoted(facts.state.name)));
}

Check check_loss(const ListeningFacts& facts) {
    const capture::LossCounts& losses = facts.losses;
    const std::uint64_t lost = losses.kernel_dropped + losses.interface_dropped;
    const std::uint64_t all = losses.received + losses.interface_dropped;
    const std::uint64_t rate = facts.traffic.frames / static_cast<std::uint64_t>(facts.seconds);
    const std::string text = fmt::format(
        "{} frames/s, {}/s in {} s", report::count_text(rate),
        report::bytes_text(facts.traffic.bytes / static_cast<std::uint64_t>(facts.seconds)),
        facts.seconds);
    if (lost == 0) return ok("loss", text + ", none lost");
    return warning(
        "loss", fmt::format("{}; {} of {} lost ({} in the kernel's ring, {} in the device)", text,
                            report::count_text(lost), report::count_text(all),
                            report::count_text(losses.kernel_dropped),
                            report::count_text(losses.interface_dropped)));
}

Check check_directions(const TrafficFacts& traffic) {
    if (traffic.tcp_flows < flows_needed) {
        return warning("directions",
                       fmt::format("{} of TCP seen, too few to say whether both directions are "
                                   "mirrored; listen longer with --seconds",
                                   report::counted(traffic.tcp_flows, "flow")));
    }
    const std::uint64_t share = percent(traffic.one_sided, traffic.tcp_flows);
    const std::string text = fmt::format("{} % of {} TCP flows were seen in one direction only",
                                         share, traffic.tcp_flows);
    if (share >= 50) {
        return wrong("directions",
                     text +
                         "; nothing can be understood of these: mirror both receive and transmit "
                         "of the port (on the switch: 'both', 'rx tx')");
    }
    if (share >= 10) {
        return warning("directions", text +
                                         "; is one of several paths not mirrored, or does the "
                                         "mirror port lose frames?");
    }
    return ok("directions", text);
}

Check check_own_frames(const TrafficFacts& traffic) {
    if (traffic.directed < directed_needed || traffic.own < traffic.directed) {
        return ok("others' frames", fmt::format("{} of {} frames are between other machines",
                                                report::count_text(traffic.directed - traffic.own),
                                                report::count_text(traffic.directed)));
    }
    return warning("others' frames",
                   "only this machine's own frames come in: is this the mirror port? A virtual "
                   "switch must permit promiscuous mode");
}

Check check_tunnels(const ListeningFacts& facts) {
    const TrafficFacts& traffic = facts.traffic;
    const std::uint64_t share = percent(traffic.tunnelled, traffic.packets);
    const std::string text =
        fmt::format("{} % of packets are in a tunnel, {} % of frames have a VLAN tag", share,
                    percent(traffic.tagged, traffic.frames));
    if (share == 0 || !facts.kernel_spreads) return ok("tunnels", text);
    return warning("tunnels",
                   text +
                       "; the kernel, which spreads flows over workers, cannot look into tunnels: "
                       "set in the config",
                   "capture: {spread: reader}");
}

Check check_tls(const TrafficFacts& traffic) {
    return ok("tls", fmt::format("{} % of {} TCP flows are TLS, of which only what there are keys "
                                 "for can be read",
                                 percent(traffic.tls_flows, traffic.tcp_flows), traffic.tcp_flows));
}

Check check_clock(const SystemFacts& system) {
    if (!system.clock_synchronised) {
        return warning("clock", "not synchronised: events will not line up with those of others",
                       "timedatectl set-ntp true");
    }
    return ok("clock",
              fmt::format("synchronised, to about {} ms", (system.clock_error_us + 999) / 1000));
}

Check check_confinement(const SystemFacts& system) {
    if (!system.seccomp)
        return wrong("confinement",
                     "this kernel has no seccomp filters: the parser cannot be confined");
    if (system.landlock == 0) {
        return warning("confinement",
                       "seccomp, but no Landlock: one of two locks between the parser and the "
                       "file system; add 'landlock' to lsm= on the kernel's command line");
    }
    return ok("confinement", fmt::format("seccomp, and Landlock version {}{}", system.landlock,
                                         system.user_namespaces ? ", and user namespaces" : ""));
}

}  // namespace

std::vector<Check> check_system(const SystemFacts& system) {
    std::vector<Check> checks;
    checks.push_back(system.may_capture ? ok("privileges", "this user may capture")
                                        : wrong("privileges", "this user may not capture",
                                                "setcap cap_net_raw+ep " + quoted(system.program)));
    checks.push_back(
        system.ring_version_3
            ? ok("kernel", "has TPACKET_V3 and PACKET_FANOUT")
            : warning("kernel", "has no TPACKET_V3: capture costs more, and loses more"));
    checks.push_back(check_confinement(system));
    checks.push_back(check_clock(system));
    const std::string workers = fmt::format("{} of {}", report::counted(system.workers, "worker"),
                                            report::counted(system.cores, "core"));
    checks.push_back(system.workers <= system.cores
                         ? ok("workers", workers)
                         : warning("workers", workers + "; more workers than cores only wait",
                                   fmt::format("umbratap -w {}", system.cores)));
    return checks;
}

std::vector<Check> check_interface(const InterfaceFacts& facts) {
    return {check_link(facts), check_mtu(facts),  check_promiscuity(facts), check_offloads(facts),
            check_vlan(facts), check_ring(facts), check_queues(facts)};
}

std::vector<Check> check_listening(const std::string& interface, const ListeningFacts& facts) {
    if (facts.traffic.frames == 0) {
        return {wrong("traffic",
                      fmt::format("nothing came in for {} s: is anything mirrored to this port?",
                                  facts.seconds),
                      "tcpdump -ni " + quoted(interface))};
    }
    return {check_loss(facts), check_directions(facts.traffic), check_own_frames(facts.traffic),
            check_tunnels(facts), check_tls(facts.traffic)};
}

Check check_key_log(const KeyLogFacts& facts) {
    const std::string name = "key log";
    if (facts.missing) {
        return warning(name,
                       facts.name +
                           ": is not there yet; programs write it when they are "
                           "started with SSLKEYLOGFILE",
                       "export SSLKEYLOGFILE=" + quoted(facts.name));
    }
    if (!facts.trouble.empty()) return wrong(name, facts.trouble);
    std::uint64_t secrets = 0;
    std::string labels;
    for (const auto& [label, count] : facts.secrets) {
        secrets += count;
        labels += fmt::format("{}{} {}", labels.empty() ? "" : ", ", count, label);
    }
    std::string text = fmt::format("{}: {}", facts.name, report::counted(secrets, "secret"));
    if (!labels.empty()) text += " (" + labels + ")";
    if (facts.bad_lines > 0) text += fmt::format(", {} not understood", facts.bad_lines);
    text +=
        ", written to " + report::duration_text(std::chrono::seconds(facts.age_seconds)) + " ago";
    if ((facts.mode & 0077) != 0) {
        return warning(name,
                       text + fmt::format("; other users may read it (mode {:04o})", facts.mode),
                       "chmod 600 " + quoted(facts.name));
    }
    if (secrets == 0) return warning(name, text + "; does the client write this file?");
    if (facts.age_seconds > key_log_old_seconds)
        return warning(name, text + "; new connections have new secrets");
    return ok(name, text);
}

}  // namespace umbratap::engine
