// `policy test`: the one policy code, asked about the past or about cases.
//
//     cases:
//       - name: analysts reach the portal
//         client: 10.20.31.8
//         host: mcp-portal.corp.example      # and perhaps: address, port, path, sni, tls, time,
//         tool expect: {verdict: approved, entry: corporate portal, tool_allowed: true}
#include "engine/policy_test.h"

#include <chrono>
#include <iostream>
#include <optional>

#include "detect/yaml.h"
#include "engine/event_lines.h"
#include "inventory/day.h"
#include "inventory/network_set.h"
#include "inventory/policy.h"
#include "report/text.h"

namespace umbratap::engine {

namespace {

using inventory::Contact;
using inventory::Judgement;

struct Tally {
    std::size_t asked = 0, different = 0;
};

std::string shown(std::string_view text) {
    return report::terminal_text(text, 200);
}

std::string in_words(std::string_view verdict, std::string_view entry) {
    return std::string(verdict) + (entry.empty() ? "" : " by '" + shown(entry) + "'");
}

Contact contact_of(const report::EventReader& event) {
    Contact contact;
    contact.time = Time(std::chrono::microseconds(event.microseconds()));
    inventory::read_address(std::string(event.text("src_ip")), contact.client);
    packet::Address server;
    if (inventory::read_address(std::string(event.text("mcp.server.ip")), server))
        contact.server = server;
    contact.port = static_cast<std::uint16_t>(event.integer("mcp.server.port").value_or(0));
    contact.host = event.text("mcp.server.host");
    contact.path = event.text("mcp.server.path");
    contact.tls = event.text("mcp.tls") != "none";
    contact.server_name = event.text("mcp.server.sni");
    contact.via_proxy = event.has("mcp.proxy");
    return contact;
}

void test_session(const inventory::Policy& policy, const report::EventReader& event, Tally& tally) {
    if (event.type() != "mcp_session") return;
    ++tally.asked;
    const Judgement now = policy.judge(contact_of(event));
    const std::string_view then = event.text("mcp.verdict"), entry = event.text("mcp.policy_entry");
    if (then == to_string(now.verdict) && entry == now.entry) return;
    ++tally.different;
    std::cout << event.text("timestamp") << "  " << shown(event.text("src_ip")) << " → "
              << shown(event.text("mcp.server.host")) << ':'
              << event.integer("mcp.server.port").value_or(0)
              << shown(event.text("mcp.server.path")) << "  was " << in_words(then, entry)
              << ", is " << in_words(to_string(now.verdict), now.entry)
              << (now.expired.empty() ? "" : " ('" + shown(now.expired) + "' has expired)") << '\n';
}

std::string optional_text(const detect::YamlNode& node, std::string_view key) {
    const auto found = node.find(key);
    return found ? found->text() : std::string();
}

Contact contact_of(const detect::YamlNode& node) {
    Contact contact;
    contact.host = node.at("host").text();
    contact.path = optional_text(node, "path");
    if (contact.path.empty()) contact.path = "/mcp";
    const auto client = node.find("client");
    if (client && !inventory::read_address(client->text(), contact.client))
        client->fail("expected an address");
    if (const auto address = node.find("address")) {
        packet::Address server;
        if (!inventory::read_address(address->text(), server)) address->fail("expected an address");
        contact.server = server;
    }
    const auto tls = node.find("tls");
    contact.tls = !tls || tls->boolean();
    const auto port = node.find("port");
    contact.port = static_cast<std::uint16_t>(port          ? port->integer(1, 65535)
                                              : contact.tls ? 443
                                                            : 80);
    contact.server_name = optional_text(node, "sni");
    if (contact.tls && contact.server_name.empty()) contact.server_name = contact.host;
    const auto time = node.find("time");
    contact.time = time ? Time(inventory::read_day(*time) + std::chrono::hours(12))
                        : std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    if (const auto proxy = node.find("via_proxy")) contact.via_proxy = proxy->boolean();
    return contact;
}

/// What is not as the case expects; empty if all is.
std::string difference(const inventory::Policy& policy, const detect::YamlNode& node) {
    node.allow_only({"name", "client", "host", "address", "port", "path", "sni", "tls", "time",
                     "via_proxy", "tool", "expect"});
    const detect::YamlNode expect = node.at("expect");
    expect.allow_only({"verdict", "entry", "tool_allowed"});
    const std::string verdict = expect.at("verdict").text();
    const Judgement judged = policy.judge(contact_of(node));
    std::string found;
    if (verdict != to_string(judged.verdict))
        found += ", is " + in_words(to_string(judged.verdict), judged.entry);
    if (const auto entry = expect.find("entry"); entry && entry->text() != judged.entry)
        found += ", decided by '" + shown(judged.entry) + "'";
    if (const auto allowed = expect.find("tool_allowed")) {
        const bool is = policy.tool_allowed(judged.entry, node.at("tool").text());
        if (is != allowed->boolean())
            found += is ? ", the tool is allowed" : ", the tool is not allowed";
    }
    return found.empty() ? found : "expected " + verdict + found;
}

void test_cases(const inventory::Policy& policy, const std::string& file, Tally& tally) {
    const detect::YamlNode root = detect::YamlNode::load(file);
    root.allow_only({"cases"});
    for (const detect::YamlNode& node : root.at("cases").elements()) {
        ++tally.asked;
        const std::string found = difference(policy, node);
        if (found.empty()) continue;
        ++tally.different;
        std::cout << file << ':' << node.line() << ": " << shown(node.at("name").text()) << ": "
                  << found << '\n';
    }
}

}  // namespace

int policy_test(const std::string& policy_file, const std::vector<std::string>& inputs) {
    const inventory::Policy policy = inventory::Policy::load(policy_file);
    Tally tally;
    std::vector<std::string> events;
    for (const std::string& input : inputs) {
        if (input.ends_with(".yaml") || input.ends_with(".yml")) {
            test_cases(policy, input, tally);
        } else {
            events.push_back(input);
        }
    }
    for_each_event(events,
                   [&](const report::EventReader& event) { test_session(policy, event, tally); });
    std::cout << tally.asked << " asked, " << tally.different << " different\n";
    return tally.different == 0 ? 0 : 1;
}

}  // namespace umbratap::engine
