// Subcommands.
#include "engine/verbs.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>
#include <sstream>

#include "detect/rule_set.h"
#include "engine/approve.h"
#include "engine/doctor.h"
#include "engine/explain.h"
#include "engine/options.h"
#include "engine/policy_test.h"
#include "engine/run.h"
#include "engine/suppress.h"
#include "inventory/store.h"
#include "mcp/tokens.h"
#include "report/eve.h"
#include "report/rendering.h"
#include "report/text.h"

namespace umbratap::engine {

namespace {

/// Takes `--name VALUE` out of `words`; returns the value, or `otherwise`.
std::string take_option(std::vector<std::string>& words, const std::string& name,
                        std::string otherwise) {
    const auto found = std::find(words.begin(), words.end(), name);
    if (found == words.end()) return otherwise;
    if (found + 1 == words.end()) throw UsageError(name + " needs a value");
    std::string value = *(found + 1);
    words.erase(found, found + 2);
    return value;
}

/// All values of an option that may come several times.
std::vector<std::string> take_options(std::vector<std::string>& words, const std::string& name) {
    std::vector<std::string> values;
    for (std::string value = take_option(words, name, ""); !value.empty();
         value = take_option(words, name, ""))
        values.push_back(std::move(value));
    return values;
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
    return parts;
}

int rules_check(const std::string& directory) {
    const detect::RuleSet rules(directory);
    const std::vector<std::string> wrong = rules.check();
    for (const std::string& line : wrong) std::cout << line << '\n';
    std::size_t count = 0, examples = 0;
    for (const detect::RuleSet::Entry& rule : rules.all()) {
        if (!rule.text.empty()) ++count;
        examples += rule.examples;
    }
    std::cout << count << " rules, " << examples << " examples, " << wrong.size() << " wrong\n";
    return wrong.empty() ? 0 : 3;
}

int rules_list(const std::string& directory) {
    for (const detect::RuleSet::Entry& rule : detect::RuleSet(directory).all()) {
        std::cout << rule.sid << "  " << rule.id;
        if (rule.weight != 0) std::cout << "  weight " << rule.weight;
        if (rule.severity != 0) std::cout << "  severity " << rule.severity;
        std::cout << "  " << rule.title << '\n';
    }
    return 0;
}

int rules_explain(const std::string& directory, const std::string& wanted) {
    for (const detect::RuleSet::Entry& rule : detect::RuleSet(directory).all()) {
        if ((rule.id != wanted && std::to_string(rule.sid) != wanted) || rule.text.empty())
            continue;
        std::cout << rule.file << ':' << rule.line << '\n' << rule.text;
        if (!rule.text.empty() && rule.text.back() != '\n') std::cout << '\n';
        return 0;
    }
    throw UsageError("there is no rule '" + wanted + "'; see: umbratap rules list");
}

int rules_verb(std::vector<std::string> words) {
    const std::string directory = take_option(words, "--rules", default_rules_directory());
    if (words.size() == 1 && words[0] == "check") return rules_check(directory);
    if (words.size() == 1 && words[0] == "list") return rules_list(directory);
    if (words.size() == 2 && words[0] == "explain") return rules_explain(directory, words[1]);
    throw UsageError("usage: umbratap rules check|list|explain ID [--rules DIR]");
}

int inventory_show(const std::string& file) {
    const inventory::Store store(file, inventory::Store::Mode::read_only);
    const auto shown = [](const std::string& text) { return report::terminal_text(text, 200); };
    for (const inventory::StoredServer& server : store.servers()) {
        std::uint64_t tokens = 0;  // of the whole list of tools
        for (const inventory::StoredTool& tool : server.tools_known)
            tokens += mcp::tokens_estimate(tool.definition);
        std::cout << server.verdict << "  "
                  << shown(server.host.empty() ? server.address : server.host) << ':' << server.port
                  << shown(server.path) << "  " << server.transport << ' '
                  << shown(server.protocol_version) << "  " << shown(server.name) << ' '
                  << shown(server.version) << "  clients " << server.clients.size() << "  tools "
                  << server.tools.size() << " (about " << tokens << " tokens)  sessions "
                  << server.sessions << "  " << report::to_timestamp(server.first_seen) << " .. "
                  << report::to_timestamp(server.last_seen) << '\n';
    }
    return 0;
}

/// `words`: OUT A B …
int inventory_merge(const std::vector<std::string>& words) {
    if (words.size() < 2) throw UsageError("usage: umbratap inventory merge OUT FILE…");
    std::vector<inventory::Store> inputs;
    for (std::size_t i = 1; i < words.size(); ++i) {
        std::error_code missing;
        if (std::filesystem::equivalent(words[0], words[i], missing))
            throw UsageError("inventory merge: " + words[0] + " is to be written, not read");
        inputs.emplace_back(words[i], inventory::Store::Mode::read_only);
    }
    inventory::Store out(words[0]);
    const std::size_t before = out.servers().size();
    for (const inventory::Store& input : inputs) out.merge(input);
    out.flush();
    if (const std::string problem = out.problem(); !problem.empty()) {
        std::cerr << "umbratap: " << problem << '\n';
        return 1;
    }
    std::size_t tools = 0, sessions = 0;
    const std::vector<inventory::StoredServer> servers = out.servers();
    std::set<std::string> clients;
    for (const inventory::StoredServer& server : servers) {
        clients.insert(server.clients.begin(), server.clients.end());
        tools += server.tools.size();
        sessions += server.sessions;
    }
    std::cout << words[0] << ": " << servers.size() << " servers (" << servers.size() - before
              << " new), " << clients.size() << " clients, " << tools << " tools, " << sessions
              << " sessions, of " << inputs.size() << " inventories\n";
    return 0;
}

int inventory_approve(std::vector<std::string> words, const std::string& file) {
    Approval approval;
    while (true) {
        const std::string server = take_option(words, "--server", "");
        if (server.empty()) break;
        approval.servers.push_back(server);
    }
    approval.verdict = take_option(words, "--verdict", approval.verdict);
    approval.owner = take_option(words, "--owner", "");
    approval.reason = take_option(words, "--reason", "");
    approval.expires = take_option(words, "--expires", "");
    if (file.empty() || !words.empty()) {
        throw UsageError(
            "usage: umbratap inventory approve --inventory FILE [--server HOST[:PORT]]… [--verdict "
            "approved|tolerated] [--owner WHO] [--reason WHY] [--expires DATE]");
    }
    const inventory::Store store(file, inventory::Store::Mode::read_only);
    std::cout << policy_for(store.servers(), approval);
    return 0;
}

int inventory_verb(std::vector<std::string> words) {
    const std::string verb = words.empty() ? "" : words.front();
    if (!words.empty()) words.erase(words.begin());
    if (verb == "merge") return inventory_merge(words);
    const std::string file = take_option(words, "--inventory", "");
    if (verb == "approve") return inventory_approve(std::move(words), file);
    const std::string format = take_option(words, "--format", "json");
    if (verb != "show" && verb != "export") {
        throw UsageError("inventory: there is no '" + verb +
                         "'; there are show, export, merge and approve");
    }
    if (file.empty() || !words.empty() || (format != "json" && format != "csv")) {
        throw UsageError(
            "usage: umbratap inventory show|export --inventory FILE [--format json|csv]");
    }
    if (verb == "show") return inventory_show(file);
    const inventory::Store store(file, inventory::Store::Mode::read_only);
    std::cout << (format == "csv" ? store.export_csv() : store.export_json());
    return 0;
}

/// Events that were written before, from standard input, in the words of another schema.
int render_verb(std::vector<std::string> words) {
    const std::string format = take_option(words, "--format", "");
    const std::optional<report::Rendering> rendering = report::rendering_of(format);
    if (!rendering || !words.empty())
        throw UsageError("usage: umbratap render --format ecs|ocsf|cef|leef|zeek < EVENTS");
    std::size_t wrong = 0;
    for (std::string line, out; std::getline(std::cin, line); out.clear()) {
        if (!report::render(*rendering, line.append("\n"), out)) ++wrong;
        std::cout << out;
    }
    if (wrong > 0) std::cerr << "render: " << wrong << " lines are no events\n";
    return wrong > 0 ? 1 : 0;
}

int policy_verb(std::vector<std::string> words) {
    const std::string usage =
        "usage: umbratap policy test --policy FILE CASES.yaml|EVENTS.ndjson|-…";
    if (words.empty() || words[0] != "test") throw UsageError(usage);
    words.erase(words.begin());
    const std::string policy = take_option(words, "--policy", take_option(words, "-p", ""));
    if (policy.empty() || words.empty()) throw UsageError(usage);
    return policy_test(policy, words);
}

int explain_verb(std::vector<std::string> words) {
    const std::string directory = take_option(words, "--rules", default_rules_directory());
    const std::vector<std::string> events = take_options(words, "--events");
    if (words.size() != 1) {
        throw UsageError(
            "usage: umbratap explain ALERT-ID --events FILE|-… | CATEGORY | RULE [--rules DIR]");
    }
    if (explain(detect::RuleSet(directory), words[0], events)) return 0;
    throw UsageError("there is no alert in these events, no category and no rule '" + words[0] +
                     "'; an alert's id is alert.id or event_id");
}

int suppress_verb(std::vector<std::string> words) {
    const std::string usage =
        "usage: umbratap suppress add --from-alert ID --events FILE… --reason WHY --expires DATE "
        "[--by rule,server,client,tool] [--name NAME] [--file FILE] [--yes] | list [--file FILE] | "
        "test --events FILE… [--file FILE]";
    if (words.empty()) throw UsageError(usage);
    const std::string verb = words[0];
    words.erase(words.begin());
    SuppressRequest request;
    request.file = take_option(words, "--file", "suppressions.yaml");
    request.events = take_options(words, "--events");
    if (verb == "list" && words.empty()) return suppress_list(request.file);
    if (verb == "test" && words.empty() && !request.events.empty())
        return suppress_test(request.file, request.events);
    if (verb != "add") throw UsageError(usage);
    request.alert = take_option(words, "--from-alert", "");
    request.reason = take_option(words, "--reason", "");
    request.expires = take_option(words, "--expires", "");
    request.name = take_option(words, "--name", "");
    request.yes = std::erase(words, "--yes") > 0;
    request.by = split(take_option(words, "--by", "rule,server,client,tool"), ',');
    for (const std::string& by : request.by) {
        if (by != "rule" && by != "server" && by != "client" && by != "tool")
            throw UsageError("--by: there is no '" + by + "'; " + usage);
    }
    if (request.alert.empty() || request.events.empty() || request.reason.empty() ||
        request.expires.empty() || !words.empty())
        throw UsageError(usage);
    return suppress_add(request);
}

/// Words like those of a run.
CommandLine read_words(const std::vector<std::string>& words) {
    std::vector<const char*> arguments = {"umbratap"};
    for (const std::string& word : words) arguments.push_back(word.c_str());
    return read_command_line(static_cast<int>(arguments.size()), arguments.data());
}

int keys_verb(std::vector<std::string> words) {
    if (words.empty() || words[0] != "status")
        throw UsageError("usage: umbratap keys status -r FILE [-k KEYLOG] [--tls-key FILE]");
    words.erase(words.begin());
    const CommandLine line = read_words(words);
    return line.exit ? *line.exit : run(line.options, LastWord::keys_status);
}

int doctor_verb(std::vector<std::string> words) {
    const std::string usage =
        "usage: umbratap doctor -i NAME [-k KEYLOG] [-c CONFIG] [-w N] [--seconds N] [--json]";
    const std::string seconds = take_option(words, "--seconds", "5");
    const bool is_number = !seconds.empty() && seconds.size() < 5 &&
                           seconds.find_first_not_of("0123456789") == std::string::npos;
    if (!is_number) throw UsageError("--seconds: expected a number up to 9999; " + usage);
    DoctorOptions how{.seconds = std::stoi(seconds), .json = std::erase(words, "--json") > 0};
    if (words.empty()) throw UsageError(usage);
    const CommandLine line = read_words(words);
    if (line.exit) return *line.exit;
    if (line.options.interfaces.empty()) throw UsageError(usage);
    return doctor(line.options, how);
}

}  // namespace

std::optional<int> run_verb(const std::vector<std::string>& words) {
    if (words.empty()) return {};
    std::vector<std::string> rest(words.begin() + 1, words.end());
    if (words[0] == "rules") return rules_verb(std::move(rest));
    if (words[0] == "inventory") return inventory_verb(std::move(rest));
    if (words[0] == "keys") return keys_verb(std::move(rest));
    if (words[0] == "doctor") return doctor_verb(std::move(rest));
    if (words[0] == "render") return render_verb(std::move(rest));
    if (words[0] == "policy") return policy_verb(std::move(rest));
    if (words[0] == "explain") return explain_verb(std::move(rest));
    if (words[0] == "suppress") return suppress_verb(std::move(rest));
    return {};
}

}  // namespace umbratap::engine
