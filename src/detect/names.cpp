// Host names that speak for an MCP server. Known hosts and families are found by hash, a family by
// the last two labels of its name, which have no wildcard; what is left is a look at the labels of
// the name itself.
#include "detect/names.h"

#include <algorithm>
#include <sstream>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

#include "base/files.h"
#include "detect/host_name.h"
#include "detect/yaml.h"

namespace umbratap::detect {

namespace {

constexpr std::size_t csv_bytes_max = 16 * 1024 * 1024;

struct KnownServer {
    std::string path, vendor;
};

struct Family {
    std::vector<std::string> labels;  // "*" is a wildcard
    std::string vendor, path;
};

struct NameExample {
    std::string file, host, path, rule;  // rule empty: must be spared
    int line = 0;
};

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t end = text.find(at);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

std::string_view last_two_labels(std::string_view name) {
    const std::size_t last = name.rfind('.');
    if (last == std::string_view::npos || last == 0) return name;
    const std::size_t before = name.rfind('.', last - 1);
    return before == std::string_view::npos ? name : name.substr(before + 1);
}

/// "/mcp" stands for "/mcp", "/mcp/" and what is below.
bool path_within(std::string_view path, std::string_view known) {
    path = path.substr(0, path.find_first_of("?#"));
    if (known.ends_with('/')) known.remove_suffix(1);
    return path.starts_with(known) && (path.size() == known.size() || path[known.size()] == '/');
}

bool family_holds(const Family& family, std::string_view name) {
    const std::vector<std::string> labels = split(name, '.');
    const std::size_t wanted = family.labels.size();
    const bool open = family.labels[0] == "*";
    if (labels.size() < wanted || (!open && labels.size() > wanted)) return false;
    for (std::size_t i = 1; i <= wanted - (open ? 1 : 0); ++i) {
        const std::string& label = family.labels[wanted - i];
        if (label != "*" && label != labels[labels.size() - i]) return false;
    }
    return true;
}

}  // namespace

struct Names::State {
    void read_known(const std::string& file);
    void read_families(const YamlNode& node);
    void read_spared(const YamlNode& node);
    void read_examples(const YamlNode& file);

    bool is_spared(const std::string& name) const;
    bool has_label(std::string_view name) const;
    std::optional<NameMatch> find_known(const std::string& name, std::string_view path) const;
    std::optional<NameMatch> find_family(const std::string& name, std::string_view path) const;

    std::unordered_map<std::string, std::vector<KnownServer>> known;
    std::unordered_map<std::string, std::vector<Family>> families;
    std::unordered_set<std::string> dedicated, spared, spared_parents, spared_first_labels, labels;
    std::vector<NameExample> examples;
};

// One line a server: host,path,vendor,transport,source; none of them quoted.
void Names::State::read_known(const std::string& file) {
    std::string text;
    try {
        text = read_file(file, csv_bytes_max);
    } catch (const std::system_error& error) {
        throw RuleError(file + ":1: cannot be read: " + error.code().message());
    }
    std::istringstream in(std::move(text));
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        if (line.ends_with('\r')) line.pop_back();
        const auto fail = [&](const std::string& complaint) {
            throw RuleError(file + ":" + std::to_string(number) + ": " + complaint);
        };
        if (line.size() > 4096 || line.find('"') != std::string::npos)
            fail("expected host,path,vendor,transport,source without quotes");
        const std::vector<std::string> columns = split(line, ',');
        if (number == 1) {
            if (!line.starts_with("host,path,vendor,transport,source"))
                fail("expected the columns host,path,vendor,transport,source");
            continue;
        }
        if (columns.size() < 5) fail("expected host,path,vendor,transport,source");
        const std::optional<std::string> host = host_name(columns[0]);
        if (!host) fail("expected a host name, not '" + columns[0] + "'");
        if (!columns[1].starts_with('/')) fail("expected a path, not '" + columns[1] + "'");
        known[*host].push_back({columns[1], columns[2]});
    }
    if (known.empty()) throw RuleError(file + ":1: expected at least one server");
}

void Names::State::read_families(const YamlNode& node) {
    for (const YamlNode& element : node.elements()) {
        element.allow_only({"host", "path", "vendor"});
        const YamlNode host = element.at("host");
        Family family;
        family.labels = split(host.text("a host name, perhaps with '*' labels"), '.');
        family.vendor = element.at("vendor").text();
        if (const auto path = element.find("path")) family.path = path->text();
        const std::size_t count = family.labels.size();
        std::string spelled;
        for (const std::string& label : family.labels)
            spelled += (spelled.empty() ? "" : ".") + (label == "*" ? "x" : label);
        if (host_name(spelled) != spelled || count < 2 || family.labels[count - 1] == "*" ||
            family.labels[count - 2] == "*") {
            host.fail("expected a host name whose last two labels are no '*'");
        }
        families[std::string(last_two_labels(spelled))].push_back(std::move(family));
    }
}

void Names::State::read_spared(const YamlNode& node) {
    node.allow_only({"hosts", "first_labels"});
    for (const YamlNode& element : node.at("hosts").elements()) {
        const std::string text = element.text("a host name");
        const bool parent = text.starts_with("*.");
        const std::optional<std::string> name = host_name(parent ? text.substr(2) : text);
        if (!name) element.fail("expected a host name, or '*.' and a host name");
        (parent ? spared_parents : spared).insert(*name);
    }
    for (const std::string& label : node.at("first_labels").texts("a label"))
        spared_first_labels.insert(label);
}

void Names::State::read_examples(const YamlNode& file) {
    const auto add = [&](const YamlNode& node, const std::string& rule) {
        const std::string text = node.text("a host name, perhaps with a path");
        const std::size_t slash = std::min(text.find('/'), text.size());
        examples.push_back(
            {node.file(), text.substr(0, slash), text.substr(slash), rule, node.line()});
    };
    for (const YamlNode& node : file.at("matches").elements()) {
        node.allow_only({"name", "rule"});
        const YamlNode rule = node.at("rule");
        rule.one_of({"known-server", "family", "mcp-label"});
        add(node.at("name"), rule.text());
    }
    for (const YamlNode& node : file.at("spares").elements()) add(node, "");
}

bool Names::State::is_spared(const std::string& name) const {
    if (spared.contains(name) || spared_first_labels.contains(name.substr(0, name.find('.'))))
        return true;
    for (std::size_t dot = name.find('.'); dot != std::string::npos;
         dot = name.find('.', dot + 1)) {
        if (spared_parents.contains(name.substr(dot + 1))) return true;
    }
    return false;
}

bool Names::State::has_label(std::string_view name) const {
    if (name.find("mcp") == std::string_view::npos) return false;  // most names end here
    for (const std::string& label : split(name, '.')) {
        for (const std::string& part : split(label, '-')) {
            if (labels.contains(part)) return true;
        }
    }
    return false;
}

std::optional<NameMatch> Names::State::find_known(const std::string& name,
                                                  std::string_view path) const {
    const auto found = known.find(name);
    if (found == known.end()) return std::nullopt;
    for (const KnownServer& server : found->second) {
        // A server at the root is no path to tell it by.
        if (server.path != "/" && !path.empty() && path_within(path, server.path)) {
            return NameMatch{"known-server", server.vendor, server.path, 3};
        }
    }
    if (!dedicated.contains(name) && !has_label(name)) return std::nullopt;
    const KnownServer& first = found->second.front();
    return NameMatch{"known-server", first.vendor,
                     found->second.size() == 1 ? first.path : std::string(), 3};
}

std::optional<NameMatch> Names::State::find_family(const std::string& name,
                                                   std::string_view path) const {
    const auto found = families.find(std::string(last_two_labels(name)));
    if (found == families.end()) return std::nullopt;
    for (const Family& family : found->second) {
        if (!family_holds(family, name)) continue;
        if (family.path.empty() || (!path.empty() && path_within(path, family.path))) {
            return NameMatch{"family", family.vendor, family.path, 3};
        }
    }
    return std::nullopt;
}

Names::Names(const std::string& directory) : state_(std::make_unique<State>()) {
    state_->read_known(directory + "/known-mcp-servers.csv");
    const YamlNode file = YamlNode::load(directory + "/names.yaml");
    file.allow_only({"dedicated", "families", "spared", "labels", "matches", "spares"});
    for (const YamlNode& element : file.at("dedicated").elements()) {
        const std::optional<std::string> name = host_name(element.text("a host name"));
        if (!name || !state_->known.contains(*name))
            element.fail("expected a host of known-mcp-servers.csv");
        state_->dedicated.insert(*name);
    }
    state_->read_families(file.at("families"));
    state_->read_spared(file.at("spared"));
    for (const YamlNode& label : file.at("labels").elements()) {
        if (label.text("a label").find("mcp") == std::string::npos)
            label.fail("expected a label that holds 'mcp'");
        state_->labels.insert(label.text());
    }
    state_->read_examples(file);
}

Names::~Names() = default;
Names::Names(Names&&) noexcept = default;

std::optional<NameMatch> Names::find(std::string_view host, std::string_view path) const {
    const std::optional<std::string> name = host_name(without_port(host));
    if (!name || is_address_literal(*name)) return std::nullopt;
    if (std::optional<NameMatch> match = state_->find_known(*name, path)) return match;
    if (std::optional<NameMatch> match = state_->find_family(*name, path)) return match;
    if (!state_->has_label(*name) || state_->is_spared(*name)) return std::nullopt;
    return NameMatch{"mcp-label", "", "", 4};
}

std::vector<std::string> Names::check() const {
    std::vector<std::string> failures;
    for (const NameExample& example : state_->examples) {
        const std::optional<NameMatch> match = find(example.host, example.path);
        const std::string got = match ? match->rule : "";
        if (got == example.rule) continue;
        failures.push_back(example.file + ":" + std::to_string(example.line) + ": " + example.host +
                           example.path + " should be " +
                           (example.rule.empty() ? "spared" : example.rule) + ", but is " +
                           (got.empty() ? "spared" : got));
    }
    return failures;
}

}  // namespace umbratap::detect
