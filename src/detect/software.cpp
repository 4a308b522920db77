// Software with known weaknesses.
#include "detect/software.h"

#include <algorithm>
#include <optional>

#include "detect/version.h"
#include "detect/yaml.h"

namespace umbratap::detect {
namespace {

struct Example {
    int line = 0;
    mcp::Implementation software;
};

struct Entry {
    Weakness makes;  ///< but for what was seen
    std::string file;
    int line = 0;
    Software::Side side = Software::Side::server;
    std::vector<std::string> names;      ///< lower case
    std::string marker;                  ///< "mcp-remote": the version behind it in the name
    std::vector<VersionRange> affected;  ///< one of them
    std::vector<Example> matches, spares;
};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return out;
}

std::vector<Example> read_examples(const YamlNode& node, std::string_view key) {
    std::vector<Example> examples;
    for (const YamlNode& one : node.at(key).elements()) {
        one.allow_only({"name", "version"});
        examples.push_back({one.line(), {one.at("name").text(), one.at("version").text()}});
    }
    if (examples.empty()) node.fail("expected at least one example in '" + std::string(key) + "'");
    return examples;
}

Entry read_entry(const YamlNode& node) {
    node.allow_only({"id", "software", "summary", "fixed", "reference", "severity", "side", "names",
                     "marker", "affected", "matches", "spares"});
    Entry entry;
    entry.file = node.file();
    entry.line = node.line();
    entry.makes.id = node.at("id").text();
    entry.makes.software = node.at("software").text();
    entry.makes.summary = node.at("summary").text();
    if (const auto fixed = node.find("fixed")) entry.makes.fixed = fixed->text();
    entry.makes.reference = node.at("reference").text();
    if (const auto severity = node.find("severity"))
        entry.makes.severity = static_cast<int>(severity->integer(1, 4));
    entry.side = node.at("side").one_of({"server", "client"}) == 0 ? Software::Side::server
                                                                   : Software::Side::client;
    if (const auto names = node.find("names")) {
        for (const std::string& name : names->texts()) entry.names.push_back(lower(name));
    }
    if (const auto marker = node.find("marker")) entry.marker = lower(marker->text());
    if (entry.names.empty() == entry.marker.empty())
        node.fail("expected either 'names' or 'marker'");
    for (const YamlNode& range : node.at("affected").elements_or_one()) {
        const std::optional<VersionRange> read = VersionRange::read(range.text());
        if (!read) range.fail("expected a range like \">=0.0.5 <=0.1.15\", or \"*\"");
        entry.affected.push_back(*read);
    }
    entry.matches = read_examples(node, "matches");
    entry.spares = read_examples(node, "spares");
    return entry;
}

/// The version that speaks for the entry; empty where it does not.
std::string version_in(const Entry& entry, const mcp::Implementation& software) {
    const std::string name = lower(software.name);
    if (entry.marker.empty()) {
        const bool known =
            std::find(entry.names.begin(), entry.names.end(), name) != entry.names.end();
        return known ? software.version : std::string();
    }
    const std::size_t at = name.find(entry.marker + ' ');
    if (at == std::string::npos) return {};
    const std::size_t begin = at + entry.marker.size() + 1;
    const std::size_t end = name.find_first_of(" )", begin);
    return software.name.substr(begin, end == std::string::npos ? end : end - begin);
}

bool speaks(const Entry& entry, const mcp::Implementation& software) {
    const std::optional<Version> version = Version::read(version_in(entry, software));
    return version && std::any_of(entry.affected.begin(), entry.affected.end(),
                                  [&](const VersionRange& range) { return range.holds(*version); });
}

}  // namespace

struct Software::State {
    std::vector<Entry> entries;
};

Software::Software(const std::string& directory) {
    auto state = std::make_shared<State>();
    const YamlNode file = YamlNode::load(directory + "/vulnerable-software.yaml");
    file.allow_only({"software"});
    for (const YamlNode& node : file.at("software").elements())
        state->entries.push_back(read_entry(node));
    state_ = std::move(state);
}

void Software::find(const mcp::Implementation& software, Side side,
                    std::vector<Weakness>& out) const {
    for (const Entry& entry : state_->entries) {
        if (entry.side != side || !speaks(entry, software)) continue;
        Weakness& weakness = out.emplace_back(entry.makes);
        weakness.matched = software.name.substr(0, 128) + ' ' + software.version.substr(0, 64);
    }
}

std::size_t Software::size() const noexcept {
    return state_->entries.size();
}

std::size_t Software::examples() const noexcept {
    std::size_t count = 0;
    for (const Entry& entry : state_->entries) count += entry.matches.size() + entry.spares.size();
    return count;
}

std::vector<std::string> Software::check() const {
    std::vector<std::string> failures;
    for (const Entry& entry : state_->entries) {
        const auto complain = [&](const Example& example, std::string_view should) {
            failures.push_back(entry.file + ":" + std::to_string(example.line) + ": " +
                               entry.makes.id + std::string(should) + example.software.name + ' ' +
                               example.software.version);
        };
        for (const Example& example : entry.matches) {
            if (!speaks(entry, example.software)) complain(example, " should match ");
        }
        for (const Example& example : entry.spares) {
            if (speaks(entry, example.software)) complain(example, " should spare ");
        }
    }
    return failures;
}

}  // namespace umbratap::detect
