// What `umbratap doctor` makes of the facts: a judgement each, and the command that mends it. Facts
// in, words out; nothing here looks at the machine.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/interface_facts.h"
#include "capture/source.h"
#include "engine/traffic_survey.h"

namespace umbratap::engine {

enum class Judgement : std::uint8_t { ok, warning, wrong };

struct Check {
    Judgement judgement = Judgement::ok;
    std::string name;     ///< one or two words: what was looked at
    std::string text;     ///< one line: what is, and why it matters
    std::string command;  ///< what to type; empty where there is nothing to mend
};

struct SystemFacts {
    bool may_capture = true;          ///< CAP_NET_RAW
    std::string program;              ///< path of this program
    bool ring_version_3 = true;       ///< TPACKET_V3
    bool seccomp = true;              ///< filters of system calls
    int landlock = 0;                 ///< version of its interface; 0: not in force
    bool user_namespaces = false;     ///< that this user may make
    bool clock_synchronised = false;  ///< by NTP or PTP
    std::int64_t clock_error_us = 0;  ///< as the kernel estimates it
    unsigned cores = 1;               ///< that this program may run on
    unsigned workers = 1;
};

struct KeyLogFacts {
    std::string name;
    std::string trouble;  ///< why it cannot be read, beginning with the name; empty: it can
    bool missing = false;
    std::uint32_t mode = 0600;
    std::int64_t age_seconds = 0;  ///< since it was written to
    std::uint64_t bad_lines = 0;
    std::map<std::string, std::uint64_t> secrets;  ///< by label
};

struct ListeningFacts {
    std::int64_t seconds = 0;
    TrafficFacts traffic;
    capture::LossCounts losses;
    bool kernel_spreads = false;  ///< flows over workers, as the config says
};

std::vector<Check> check_system(const SystemFacts& system);
std::vector<Check> check_interface(const capture::InterfaceFacts& facts);
std::vector<Check> check_listening(const std::string& interface, const ListeningFacts& facts);
Check check_key_log(const KeyLogFacts& facts);

}  // namespace umbratap::engine
