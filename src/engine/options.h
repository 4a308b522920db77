// What the user asked for: command line over config file over defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "capture/interface_options.h"
#include "engine/tools.h"
#include "inventory/inventory.h"
#include "report/output.h"

namespace umbratap::engine {

/// Wrong usage (exit status 2). `what()` is one line.
class UsageError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

enum class Payloads : std::uint8_t { none, redacted, full };
Payloads payloads_of(std::string_view word);

/// Who deals packets out to several workers: the kernel, which cannot look into tunnels; a thread
/// of ours; or the kernel until packets come out of tunnels.
enum class Spread : std::uint8_t { automatic, kernel, reader };

struct Options {
    std::vector<std::string> read;
    std::vector<std::string> interfaces;
    std::string filter;
    std::string config;
    std::string policy;
    std::vector<std::string> keylogs;
    bool keylog_strict = false;  ///< refuse key logs that other users can read
    std::vector<std::string> tls_keys;
    bool decrypted_mirror = false;
    std::vector<report::Output> outputs;
    bool json = false;
    std::vector<std::string> events = {"alert",     "mcp",     "mcp_session",
                                       "inventory", "anomaly", "stats"};
    bool content = true;  ///< look for findings in what messages and heads say
    std::string preset = "standard";  ///< which alerts are told, see rules/presets.yaml
    std::string suppressions;         ///< file; empty: none
    Payloads payloads = Payloads::none;
    std::string metrics;  ///< ADDRESS:PORT; empty: no endpoint
    std::string metrics_user, metrics_password_file;
    std::optional<unsigned> workers;  ///< 0: one a core. Files: 1, live: one a core
    Duration stats_interval{};        ///< between `stats` events; zero: only at the end
    int fail_on = 0;                  ///< 0: never
    bool test_config = false;
    bool quiet = false;
    int verbose = 0;
    std::string rules;      ///< directory
    std::string cache;      ///< directory of compiled patterns; empty: none
    std::string inventory;  ///< SQLite file; empty: in memory
    std::string sensor_id, sensor_group;
    bool sensor_versions = false;  ///< events carry the versions of rules and policy
    capture::InterfaceOptions capture;
    Spread spread = Spread::automatic;
    std::vector<unsigned> cpus;  ///< workers stay on these, one behind the other; empty: anywhere
    std::string user;            ///< live: whom parser and outlet run as; empty: see sandbox.h
    Limits limits;
    inventory::Limits inventory_limits;
};

struct CommandLine {
    Options options;
    std::optional<int> exit;  ///< --help, --version: what to say was said
};

/// How many workers the run has.
unsigned worker_count(const Options& options);

/// Reads the command line, and the config file that it names. Throws UsageError, detect::RuleError.
CommandLine read_command_line(int argc, const char* const* argv);

/// The directory with rules: beside the program's build, or where a package puts them.
std::string default_rules_directory();

/// What is in force, for `-T`: lines of "key: value".
std::vector<std::string> describe(const Options& options);

}  // namespace umbratap::engine
