// Subcommands.
#include "engine/verbs.h"

#include <algorithm>
#include <iostream>

#include "detect/alerts.h"
#include "detect/names.h"
#include "detect/prefilter.h"
#include "detect/rules.h"
#include "engine/options.h"
#include "engine/run.h"
#include "inventory/store.h"
#include "report/eve.h"
#include "report/rendering.h"

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

int rules_check(const std::string& directory) {
    const detect::Rules rules(directory);
    const detect::Names names(directory);
    const detect::AlertCatalogue catalogue(directory);
    const detect::Prefilter prefilter(directory, "");
    std::vector<std::string> wrong = rules.check();
    for (const std::string& line : names.check()) wrong.push_back(line);
    for (const std::string& line : wrong) std::cout << line << '\n';
    std::size_t examples = 0;
    for (const detect::RuleInfo& rule : rules.all())
        examples += rule.matches.size() + rule.spares.size();
    std::cout << rules.all().size() << " rules, " << examples << " examples, " << wrong.size()
              << " wrong\n";
    return wrong.empty() ? 0 : 3;
}

int rules_list(const std::string& directory) {
    const detect::Rules rules(directory);
    for (const detect::RuleInfo& rule : rules.all()) {
        std::cout << rule.sid << "  " << rule.id << "  weight " << rule.weight << "  " << rule.title
                  << '\n';
    }
    for (const detect::AlertKind& kind : detect::AlertCatalogue(directory).all()) {
        std::cout << kind.signature_id << "  " << kind.category << "  severity " << kind.severity
                  << "  " << kind.signature << '\n';
    }
    return 0;
}

int rules_explain(const std::string& directory, const std::string& wanted) {
    const detect::Rules rules(directory);
    for (const detect::RuleInfo& rule : rules.all()) {
        if (rule.id != wanted && std::to_string(rule.sid) != wanted) continue;
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
    for (const inventory::StoredServer& server : store.servers()) {
        std::cout << server.verdict << "  " << (server.host.empty() ? server.address : server.host)
                  << ':' << server.port << server.path << "  " << server.transport << ' '
                  << server.protocol_version << "  " << server.name << ' ' << server.version
                  << "  clients " << server.clients.size() << "  tools " << server.tools.size()
                  << "  sessions " << server.sessions << "  "
                  << report::to_timestamp(server.first_seen) << " .. "
                  << report::to_timestamp(server.last_seen) << '\n';
    }
    return 0;
}

int inventory_verb(std::vector<std::string> words) {
    const std::string file = take_option(words, "--inventory", "");
    const std::string format = take_option(words, "--format", "json");
    if (file.empty() || words.size() != 1 || (format != "json" && format != "csv")) {
        throw UsageError(
            "usage: umbratap inventory show|export --inventory FILE [--format json|csv]");
    }
    if (words[0] == "show") return inventory_show(file);
    if (words[0] == "export") {
        const inventory::Store store(file, inventory::Store::Mode::read_only);
        std::cout << (format == "csv" ? store.export_csv() : store.export_json());
        return 0;
    }
    throw UsageError("inventory: there is no '" + words[0] + "'; there are show and export");
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

/// The words behind it are those of a run.
int keys_verb(const std::vector<std::string>& words) {
    if (words.empty() || words[0] != "status")
        throw UsageError("usage: umbratap keys status -r FILE [-k KEYLOG] [--tls-key FILE]");
    std::vector<const char*> arguments = {"umbratap"};
    for (std::size_t i = 1; i < words.size(); ++i) arguments.push_back(words[i].c_str());
    const CommandLine line =
        read_command_line(static_cast<int>(arguments.size()), arguments.data());
    return line.exit ? *line.exit : run(line.options, LastWord::keys_status);
}

}  // namespace

std::optional<int> run_verb(const std::vector<std::string>& words) {
    if (words.empty()) return {};
    std::vector<std::string> rest(words.begin() + 1, words.end());
    if (words[0] == "rules") return rules_verb(std::move(rest));
    if (words[0] == "inventory") return inventory_verb(std::move(rest));
    if (words[0] == "keys") return keys_verb(rest);
    if (words[0] == "render") return render_verb(std::move(rest));
    for (const char* later : {"policy", "explain", "suppress", "doctor"}) {
        if (words[0] == later) throw UsageError(words[0] + ": not in this version yet");
    }
    return {};
}

}  // namespace umbratap::engine
