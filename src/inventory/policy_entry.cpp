// One entry of the policy.
#include "inventory/policy_entry.h"

#include <algorithm>
#include <filesystem>

#include "base/digest.h"
#include "detect/host_name.h"
#include "inventory/day.h"
#include "inventory/url_path.h"

namespace umbratap::inventory {

namespace {

using detect::YamlNode;

void read_networks(const YamlNode& node, NetworkSet& networks) {
    for (const YamlNode& element : node.elements_or_one()) {
        std::string complaint;
        if (!networks.add(element.text("an IP address or network"), complaint))
            element.fail(complaint);
    }
    if (networks.empty()) node.fail("expected at least one network");
}

void read_hosts(const YamlNode& node, HostSet& hosts) {
    for (const YamlNode& element : node.elements_or_one()) {
        std::string complaint;
        if (!hosts.add(element.text("a host name"), complaint)) element.fail(complaint);
    }
    if (hosts.empty()) node.fail("expected at least one host name");
}

void read_paths(const YamlNode& node, std::vector<std::string>& paths) {
    for (const YamlNode& element : node.elements_or_one()) {
        const std::string text = element.text("a path");
        const bool open = text.ends_with('*');
        const std::string fixed = open ? text.substr(0, text.size() - 1) : text;
        if (!fixed.starts_with('/')) element.fail("expected a path that begins with '/'");
        if (fixed.find('*') != std::string::npos)
            element.fail("'*' may stand at the end of a path only");
        if (fixed.find_first_of("?#") != std::string::npos)
            element.fail("expected a path without query");
        const std::optional<std::string> plain = plain_path(fixed);
        if (!plain)
            element.fail(
                "no such path can be matched: it is read differently by different servers");
        if (*plain != fixed) {
            element.fail("expected a path without escapes and dot segments, did you mean '" +
                         *plain + (open ? "*" : "") + "'?");
        }
        paths.push_back(text);
    }
    if (paths.empty()) node.fail("expected at least one path");
}

void read_tools(const YamlNode& node, PolicyEntry& entry) {
    node.allow_only({"allow", "deny"});
    if (const auto allow = node.find("allow"))
        entry.tools_allowed = allow->texts("the name of a tool");
    if (const auto deny = node.find("deny")) entry.tools_denied = deny->texts("the name of a tool");
}

/// What entries and included lists have in common.
void read_judgement(const YamlNode& node, PolicyEntry& entry) {
    if (const auto verdict = node.find("verdict")) {
        entry.verdict = verdict->one_of({"approved", "tolerated"}) == 0 ? Verdict::approved
                                                                        : Verdict::tolerated;
    }
    if (const auto owner = node.find("owner")) entry.owner = owner->text();
    if (const auto reason = node.find("reason")) entry.reason = reason->text();
    if (const auto require_tls = node.find("require_tls"))
        entry.require_tls = require_tls->boolean();
    if (const auto via_proxy = node.find("via_proxy")) entry.via_proxy = via_proxy->boolean();
    if (const auto expires = node.find("expires")) entry.expires = read_day(*expires);
    if (const auto clients = node.find("clients")) read_networks(*clients, entry.clients);
}

/// MISP's `hostname` list holds names; with a dot before it, a name stands for those below it too.
bool add_listed_host(HostSet& hosts, const std::string& text, std::string& complaint) {
    if (!text.starts_with('.')) return hosts.add(text, complaint);
    return hosts.add(text.substr(1), complaint) && hosts.add("*" + text, complaint);
}

void read_warninglist(const YamlNode& list, PolicyEntry& entry) {
    const auto type_node = list.find("type");
    const std::string type = type_node ? type_node->text() : "string";
    if (type != "hostname" && type != "cidr" && type != "string") {
        type_node->fail("warninglists of the type '" + type +
                        "' cannot be used, expected hostname, cidr or string");
    }
    for (const YamlNode& element : list.at("list").elements()) {
        const std::string text = element.text("an element of the list");
        std::string complaint;
        packet::Address address;
        const bool network = type == "cidr" || (type == "string" && read_address(text, address));
        const bool added = network ? entry.addresses.add(text, complaint)
                                   : add_listed_host(entry.hosts, text, complaint);
        if (!added) element.fail(complaint);
    }
    // An entry is all that it states: names and addresses in one list would have to hold both.
    if (!entry.hosts.empty() && !entry.addresses.empty())
        list.fail("expected a list of either names or addresses");
    if (entry.hosts.empty() && entry.addresses.empty())
        list.fail("expected a list that is not empty");
}

}  // namespace

bool HostSet::add(std::string_view text, std::string& complaint) {
    const bool wildcard = text.starts_with("*.");
    const std::optional<std::string> name = detect::host_name(wildcard ? text.substr(2) : text);
    if (!name) {
        complaint = "expected a host name, not '" + std::string(text) + "'";
        if (text.find('*') != std::string_view::npos) {
            complaint += ": '*' may only be the whole first label, as in '*.corp.example'";
        } else if (text.find_first_of("/:@") != std::string_view::npos) {
            complaint += ": it has no scheme, user, port or path";
        }
        return false;
    }
    if (wildcard && detect::is_address_literal(*name)) {
        complaint = "'*' cannot stand before an address";
        return false;
    }
    (wildcard ? parents_ : names_).insert(*name);
    return true;
}

bool HostSet::contains(const std::string& name) const {
    if (names_.contains(name)) return true;
    if (parents_.empty() || detect::is_address_literal(name)) return false;
    for (std::size_t dot = name.find('.'); dot != std::string::npos;
         dot = name.find('.', dot + 1)) {
        if (parents_.contains(name.substr(dot + 1))) return true;
    }
    return false;
}

PolicyEntry read_policy_entry(const YamlNode& node) {
    node.allow_only({"name", "hosts", "addresses", "ports", "paths", "require_tls", "via_proxy",
                     "tools", "clients", "verdict", "owner", "reason", "expires"});
    PolicyEntry entry;
    entry.name = node.at("name").text("a name");
    entry.file = node.file();
    entry.line = node.line();
    read_judgement(node, entry);
    if (const auto hosts = node.find("hosts")) read_hosts(*hosts, entry.hosts);
    if (const auto addresses = node.find("addresses")) read_networks(*addresses, entry.addresses);
    if (entry.hosts.empty() && entry.addresses.empty()) {
        node.fail("expected 'hosts' or 'addresses': this entry would cover every server");
    }
    if (const auto ports = node.find("ports")) {
        for (const YamlNode& port : ports->elements_or_one()) {
            entry.ports.push_back(static_cast<std::uint16_t>(port.integer(1, 65535)));
        }
        if (entry.ports.empty()) ports->fail("expected at least one port");
    }
    if (const auto paths = node.find("paths")) read_paths(*paths, entry.paths);
    if (const auto tools = node.find("tools")) read_tools(*tools, entry);
    return entry;
}

PolicyEntry read_included_list(const YamlNode& node, const std::string& directory) {
    node.allow_only({"file", "name", "verdict", "owner", "reason", "require_tls", "via_proxy",
                     "clients", "expires"});
    const YamlNode file = node.at("file");
    const YamlNode list = YamlNode::load(
        (std::filesystem::path(directory) / file.text("the path of a warninglist")).string());
    if (!list.is_mapping()) list.fail("expected a MISP warninglist");
    PolicyEntry entry;
    const auto own_name = node.find("name"), list_name = list.find("name");
    entry.name = own_name ? own_name->text() : list_name ? list_name->text() : file.text();
    entry.file = node.file();
    entry.line = node.line();
    entry.list_digest = to_hex(sha256(as_bytes(list.source(0))));
    node.at("verdict");
    entry.included = true;
    read_judgement(node, entry);
    read_warninglist(list, entry);
    return entry;
}

}  // namespace umbratap::inventory
