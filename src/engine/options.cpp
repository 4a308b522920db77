// The command line.
#include "engine/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

#include "engine/config.h"
#include "engine/sandbox.h"

namespace umbratap::engine {

namespace {

const std::vector<std::string> event_types = {"alert",   "mcp",   "mcp_session", "inventory",
                                              "anomaly", "stats", "http",        "tls",
                                              "flow",    "stream"};

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string all;
    for (const std::string& word : words) all += (all.empty() ? "" : between) + word;
    return all;
}

constexpr const char* live_metrics = "127.0.0.1:9464";
constexpr Duration live_stats_interval = std::chrono::minutes(1);

std::string default_cache_directory() {
    if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
        return std::string(cache) + "/umbratap";
    if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
        return std::string(home) + "/.cache/umbratap";
    return {};
}

void check_events(const std::string& where, const std::vector<std::string>& events) {
    for (const std::string& event : events) {
        if (std::find(event_types.begin(), event_types.end(), event) == event_types.end()) {
            throw UsageError(where + ": there is no event type '" + event + "'; there are " +
                             joined(event_types, ", "));
        }
    }
}

void check(const Options& options) {
    check_events("--events", options.events);
    for (const report::Output& output : options.outputs)
        check_events("output " + output.to, output.events);
    if (options.read.empty() && options.interfaces.empty() && !options.test_config) {
        throw UsageError(
            "nothing to read: give a capture with -r FILE, or an interface with -i NAME (see "
            "--help)");
    }
    if (!options.read.empty() && !options.interfaces.empty())
        throw UsageError("-r and -i: read captures or listen, one at a time");
}

}  // namespace

std::string default_rules_directory() {
    std::error_code trouble;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", trouble);
    for (const auto& candidate : {program.parent_path() / ".." / "rules",
                                  program.parent_path() / ".." / "share" / "umbratap" / "rules",
                                  std::filesystem::path("/usr/share/umbratap/rules")}) {
        if (std::filesystem::exists(candidate / "alerts.yaml", trouble))
            return candidate.lexically_normal().string();
    }
    return "/usr/share/umbratap/rules";
}

namespace {

std::vector<report::Output> outputs_of(const std::vector<std::string>& words) {
    std::vector<report::Output> outputs;
    for (const std::string& word : words) {
        try {
            outputs.push_back(report::parse_output(word));
        } catch (const report::SinkError& error) {
            throw UsageError(error.what());
        }
    }
    return outputs;
}

/// Reads the words over what `options` holds already. Returns the exit status if there is nothing
/// more to do.
std::optional<int> parse(int argc, const char* const* argv, Options& options) {
    CLI::App app("umbratap finds Model Context Protocol traffic to servers that nobody approved.",
                 "umbratap");
    app.footer(
        "First word may be a subcommand: rules check|list|explain, inventory "
        "show|export|merge|approve, keys status, doctor, render, policy test, explain, "
        "suppress add|list|test.\n"
        "Exit status: 0 done, 1 failed while running, 2 wrong usage, 3 config, rules or policy "
        "invalid,\n"
        "4 an input cannot be read, 10 an alert of --fail-on severity was raised.");
    std::string events, payloads;
    std::vector<std::string> filter, outputs;
    bool version = false, self_test = false;
    // One value an option: a repeatable option must not swallow the filter behind it.
    const auto list = [&](const char* name, std::vector<std::string>& values, const char* text) {
        return app.add_option(name, values, text)->allow_extra_args(false);
    };
    list("-r,--read", options.read,
         "captures: pcap, pcapng, also .gz and .zst; a directory; - ; tcp://HOST:PORT")
        ->type_name("FILE");
    list("-i,--interface", options.interfaces, "live capture")->type_name("NAME");
    app.add_option("-c,--config", options.config, "YAML; every option has a key there")
        ->type_name("FILE");
    app.add_option("-p,--policy", options.policy, "YAML: which portals and servers are approved")
        ->type_name("FILE");
    app.add_option("--suppressions", options.suppressions,
                   "YAML: alerts that are counted and not told, until a day")
        ->type_name("FILE");
    app.add_option("--preset", options.preset, "which alerts are told: quiet, standard, hunt")
        ->type_name("NAME");
    list("-k,--keylog", options.keylogs, "TLS key log (RFC 9850)")->type_name("FILE");
    list("--tls-key", options.tls_keys, "RSA private key of a server")->type_name("FILE");
    app.add_flag("--decrypted-mirror", options.decrypted_mirror, "TLS was taken off before us");
    list("-o,--output", outputs,
         "events: a file, -, or a URL; FORMAT: eve, ecs, ocsf, cef, leef, zeek")
        ->type_name("[FORMAT:]TARGET");
    app.add_flag("--json", options.json, "the same as -o -, and no summary");
    app.add_option("--events", events, "event types to write: " + joined(event_types, ","))
        ->type_name("LIST");
    app.add_option("--payloads", payloads, "how much of arguments and results events may carry")
        ->check(CLI::IsMember({"none", "redacted", "full"}));
    app.add_option("--metrics", options.metrics, "Prometheus endpoint")->type_name("ADDRESS:PORT");
    app.add_option("-w,--workers", options.workers, "0: one a core; files default to 1")
        ->check(CLI::Range(0U, 256U));
    app.add_option("--fail-on", options.fail_on,
                   "exit 10 if an alert of at least this severity was raised")
        ->type_name("SEVERITY")
        ->check(CLI::Range(1, 4));
    app.add_flag("-T,--test-config", options.test_config,
                 "read config, rules and policy, print what is in force, exit");
    app.add_flag("--self-test-sandbox", self_test,
                 "lock a process down like the one that parses, let it try what it must not, exit");
    app.add_flag("-q,--quiet", options.quiet, "no progress, no notices");
    app.add_flag("-v,--verbose", options.verbose, "say more on standard error");
    app.add_flag("-V,--version", version, "print the version");
    app.add_option("--rules", options.rules, "directory of rules")->type_name("DIR");
    app.add_option("--cache", options.cache, "directory for compiled patterns")->type_name("DIR");
    app.add_option("--inventory", options.inventory, "keep the inventory in this SQLite file")
        ->type_name("FILE");
    app.add_option("filter", filter, "BPF filter");
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        std::cout << app.help();
        return 0;
    } catch (const CLI::ParseError& error) {
        throw UsageError(std::string(error.what()) + " (see --help)");
    }
    if (self_test) return test_sandbox(options.user) ? 0 : 1;
    if (version) {
        std::cout << "umbratap " UMBRATAP_VERSION "\n";
        return 0;
    }
    if (!filter.empty()) options.filter = joined(filter, " ");
    if (!events.empty()) options.events = CLI::detail::split(events, ',');
    if (!outputs.empty()) options.outputs = outputs_of(outputs);
    if (!payloads.empty()) options.payloads = payloads_of(payloads);
    return {};
}

}  // namespace

Payloads payloads_of(std::string_view word) {
    return word == "full"       ? Payloads::full
           : word == "redacted" ? Payloads::redacted
                                : Payloads::none;
}

unsigned worker_count(const Options& options) {
    const unsigned asked = options.workers.value_or(options.interfaces.empty() ? 1 : 0);
    return asked != 0 ? asked : std::max(1U, std::thread::hardware_concurrency());
}

CommandLine read_command_line(int argc, const char* const* argv) {
    CommandLine line;
    line.exit = parse(argc, argv, line.options);
    if (line.exit) return line;
    if (!line.options.config.empty()) {
        // The words go over the file, so they are read once more.
        Options options;
        read_config(line.options.config, options);
        line.options = std::move(options);
        parse(argc, argv, line.options);
    }
    Options& options = line.options;
    if (options.rules.empty()) options.rules = default_rules_directory();
    if (options.cache.empty()) options.cache = default_cache_directory();
    if (!options.interfaces.empty()) {
        if (options.metrics.empty()) options.metrics = live_metrics;
        if (options.stats_interval == Duration::zero())
            options.stats_interval = live_stats_interval;
    }
    if (options.json) options.outputs.push_back(report::parse_output("-"));
    check(options);
    return line;
}

std::vector<std::string> describe(const Options& options) {
    const auto number = [](auto value) { return std::to_string(value); };
    std::vector<std::string> lines = {
        "config: " + (options.config.empty() ? "none" : options.config),
        "rules: " + options.rules,
        "policy: " +
            (options.policy.empty() ? "none, so every server counts as shadow" : options.policy),
        "preset: " + options.preset,
        "suppressions: " + (options.suppressions.empty() ? "none" : options.suppressions),
        "inventory: " + (options.inventory.empty() ? "in memory" : options.inventory),
        "events: " + joined(options.events, ","),
        "metrics: " + (options.metrics.empty() ? "off" : options.metrics) +
            (options.metrics_user.empty() ? "" : ", for user " + options.metrics_user),
        "workers: " + number(worker_count(options)),
        "memory: " + number(options.limits.memory_bytes_max >> 20) + " MiB a core",
        "flows: " + number(options.limits.table.flows_max) + " a core",
        "texts: parsed up to " + number(options.limits.http.text_bytes_max >> 20) + " MiB",
    };
    if (options.outputs.empty()) lines.push_back("output: summary");
    for (const report::Output& output : options.outputs)
        lines.push_back("output: " + report::describe(output));
    return lines;
}

}  // namespace umbratap::engine
