// `explain`: what was seen, where exactly, why it matters, what to do.
#include "engine/explain.h"

#include <algorithm>
#include <array>
#include <iostream>

#include "engine/event_lines.h"
#include "report/text.h"

namespace umbratap::engine {

namespace {

constexpr int shown_max = 400;

/// What alerts say beside their evidence, in the order in which it is read.
constexpr auto further = std::to_array<std::string_view>({"server_reaction",
                                                          "source_server",
                                                          "source_tool",
                                                          "source_client",
                                                          "source_verdict",
                                                          "source_age_seconds",
                                                          "common_characters",
                                                          "other_server",
                                                          "named_server",
                                                          "named_server_label",
                                                          "portal",
                                                          "direct_server",
                                                          "shadowed_server",
                                                          "shadowed_tool",
                                                          "approved_name",
                                                          "policy_entry",
                                                          "expired_entry",
                                                          "server_versions",
                                                          "vendor",
                                                          "cve",
                                                          "fixed_in",
                                                          "reference"});

std::string shown(std::string_view text) {
    return report::terminal_text(text, shown_max);
}

void line(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    constexpr std::size_t width = 20;
    std::cout << "  " << name << std::string(name.size() < width ? width - name.size() : 1, ' ')
              << shown(value) << '\n';
}

std::string with(std::string_view name, std::string_view version) {
    return std::string(name) + (version.empty() ? "" : ' ' + std::string(version));
}

void tell_rule(const detect::RuleSet& rules, std::string_view id) {
    for (const detect::RuleSet::Entry& rule : rules.all()) {
        if (rule.id != id || rule.text.empty()) continue;
        std::cout << "\nThe rule (" << rule.file << ':' << rule.line << ")\n" << rule.text;
        if (rule.text.back() != '\n') std::cout << '\n';
        return;
    }
}

void tell_category(const detect::AlertKind& kind) {
    std::cout << "\nWhy it matters\n  " << kind.why << "\n\nWhat to do\n  " << kind.advice << '\n';
    std::string mapped;
    for (const auto& [taxonomy, values] : kind.metadata) {
        for (const std::string& value : values)
            mapped += (mapped.empty() ? "" : ", ") + taxonomy + ' ' + value;
    }
    if (!mapped.empty()) std::cout << "  (" << mapped << ")\n";
}

void tell_alert(const detect::RuleSet& rules, const report::EventReader& event) {
    const std::string category(event.text("alert.category"));
    std::cout << shown(event.text("alert.signature")) << "\n"
              << category << ", severity " << event.integer("alert.severity").value_or(0) << ", "
              << event.integer("alert.count").value_or(1) << " times\n\nWhat was seen\n";
    line("when", event.text("timestamp"));
    line("client", std::string(event.text("src_ip")) + "  " +
                       with(event.text("mcp.client.name"), event.text("mcp.client.version")));
    std::string place(event.text("mcp.server.host"));
    if (place.empty()) place = event.text("dest_ip");
    if (const auto port = event.integer("mcp.server.port")) place += ':' + std::to_string(*port);
    place += event.text("mcp.server.path");
    line("server",
         place + "  " + with(event.text("mcp.server.name"), event.text("mcp.server.version")));
    line("verdict", event.text("mcp.verdict"));
    line("method", event.text("mcp.method.name"));
    line("tool", event.text("gen_ai.tool.name"));
    std::cout << "\nWhere exactly\n";
    line("matched", event.text("alert.evidence.matched"));
    line("place", event.text("alert.evidence.where"));
    line("excerpt", event.text("alert.evidence.excerpt"));
    if (const auto confidence = event.integer("mcp.confidence"))
        line("confidence", std::to_string(*confidence) + " of 100, made of:");
    for (const std::string_view part : event.texts("alert.evidence.parts")) line("", part);
    for (const std::string_view name : further) {
        std::string label(name);
        std::replace(label.begin(), label.end(), '_', ' ');
        for (const std::string_view value : event.texts("alert.metadata." + std::string(name)))
            line(label, value);
    }
    if (const auto number = event.integer("pcap_cnt")) {
        const std::string file(event.text("pcap_filename"));
        line("packet", std::to_string(*number) + (file.empty() ? "" : " of " + file));
        if (!file.empty()) {
            std::cout << "  open it             wireshark -r '" << shown(file) << "' -g " << *number
                      << '\n';
        }
    }
    tell_rule(rules, event.text("alert.evidence.matched"));
    const auto& kinds = rules.catalogue.all();
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const detect::AlertKind& one) {
        return one.category == category;
    });
    if (kind != kinds.end()) tell_category(*kind);
}

}  // namespace

bool explain(const detect::RuleSet& rules, const std::string& wanted,
             const std::vector<std::string>& event_files) {
    bool found = false;
    for_each_event(event_files, [&](const report::EventReader& event) {
        if (found || event.type() != "alert" ||
            (event.text("alert.id") != wanted && event.text("event_id") != wanted))
            return;
        found = true;
        tell_alert(rules, event);
    });
    if (found) return true;
    for (const detect::AlertKind& kind : rules.catalogue.all()) {
        if (kind.category != wanted) continue;
        std::cout << kind.signature << "\n"
                  << kind.category << ", severity " << kind.severity << '\n';
        tell_category(kind);
        return true;
    }
    for (const detect::RuleSet::Entry& rule : rules.all()) {
        if (rule.id != wanted && std::to_string(rule.sid) != wanted) continue;
        std::cout << rule.title << '\n';
        tell_rule(rules, rule.id);
        return true;
    }
    return false;
}

}  // namespace umbratap::engine
