// Alerts that somebody does not want to see again, until a day.
#include "inventory/suppressions.h"

#include <algorithm>
#include <chrono>

#include "inventory/day.h"

namespace umbratap::inventory {

namespace {

std::string optional_text(const detect::YamlNode& node, std::string_view key) {
    const auto found = node.find(key);
    return found ? found->text() : std::string();
}

Suppression read_suppression(const detect::YamlNode& node) {
    node.allow_only({"name", "category", "rule", "server", "client", "tool", "reason", "expires"});
    Suppression one;
    one.line = node.line();
    one.name = node.at("name").text();
    one.category = node.at("category").text();
    one.rule = optional_text(node, "rule");
    one.server = optional_text(node, "server");
    one.tool = optional_text(node, "tool");
    one.reason = node.at("reason").text();
    one.expires = node.at("expires").text();
    one.end = Time(read_day(node.at("expires")) + std::chrono::days(1));
    if (const auto client = node.find("client")) {
        std::string complaint;
        one.client = client->text();
        NetworkSet clients;
        if (!clients.add(*one.client, complaint)) client->fail(complaint);
        one.clients = std::move(clients);
    }
    if (one.name.empty() || one.reason.empty())
        node.fail("expected a name and a reason that are not empty");
    return one;
}

}  // namespace

SuppressibleAlert suppressible(const Alert& alert) {
    SuppressibleAlert asked;
    asked.category = alert.category;
    asked.rule = alert.matched;
    asked.tool = alert.tool;
    asked.server = alert.parties.host;
    asked.time = alert.time;
    if (alert.parties.flow) asked.client = alert.parties.flow->client.address;
    return asked;
}

bool Suppression::covers(const SuppressibleAlert& alert) const noexcept {
    const auto agrees = [](const std::string& wanted, std::string_view seen) {
        return wanted.empty() || wanted == seen;
    };
    return alert.time < end && agrees(category, alert.category) && agrees(rule, alert.rule) &&
           agrees(server, alert.server) && agrees(tool, alert.tool) &&
           (!clients || (alert.client && clients->contains(*alert.client)));
}

Suppressions Suppressions::load(const std::string& file) {
    return read(detect::YamlNode::load(file));
}

Suppressions Suppressions::read(const detect::YamlNode& file) {
    file.allow_only({"version", "suppressions"});
    if (file.at("version").integer(1, 1) != 1) return {};
    Suppressions suppressions;
    const auto list = file.find("suppressions");
    if (!list) return suppressions;
    for (const detect::YamlNode& node : list->elements()) {
        Suppression one = read_suppression(node);
        for (const Suppression& other : suppressions.entries_) {
            if (other.name == one.name)
                node.fail("the name '" + one.name + "' is taken by line " +
                          std::to_string(other.line));
        }
        if (suppressions.entries_.size() >= entries_max)
            node.fail("expected at most 10,000 suppressions");
        suppressions.entries_.push_back(std::move(one));
    }
    return suppressions;
}

const Suppression* Suppressions::find(const SuppressibleAlert& alert) const noexcept {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Suppression& one) { return one.covers(alert); });
    return found == entries_.end() ? nullptr : &*found;
}

std::vector<std::string> Suppressions::describe() const {
    std::vector<std::string> lines;
    for (const Suppression& one : entries_) {
        std::string line = "suppressed '" + one.name + "': " + one.category;
        const auto add = [&](const char* what, const std::string& value) {
            if (!value.empty()) line += std::string(", ") + what + ' ' + value;
        };
        add("rule", one.rule);
        add("server", one.server);
        add("client", one.client.value_or(""));
        add("tool", one.tool);
        lines.push_back(line + ", until " + one.expires + " (" + one.reason + ")");
    }
    return lines;
}

}  // namespace umbratap::inventory
