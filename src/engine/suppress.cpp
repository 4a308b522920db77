// `suppress`: adds to the file, and replays recorded events against it.
#include "engine/suppress.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "engine/event_lines.h"
#include "inventory/suppressions.h"
#include "report/json.h"

namespace umbratap::engine {

namespace {

using inventory::Suppression;
using inventory::Suppressions;

/// What a recorded alert says of itself; views live as long as the event.
struct RecordedAlert {
    inventory::SuppressibleAlert asked;
    std::string client;
};

RecordedAlert read_alert(const report::EventReader& event) {
    RecordedAlert alert;
    alert.asked.category = event.text("alert.category");
    alert.asked.rule = event.text("alert.evidence.matched");
    alert.asked.server = event.text("mcp.server.host");
    alert.asked.tool = event.text("gen_ai.tool.name");
    alert.asked.time = Time(std::chrono::microseconds(event.microseconds()));
    alert.client = event.text("src_ip");
    packet::Address address;
    if (inventory::read_address(alert.client, address)) alert.asked.client = address;
    return alert;
}

bool is_open_alert(const report::EventReader& event) {
    return event.type() == "alert" && !event.truth("alert.closing");
}

struct Replay {
    std::map<std::string, std::uint64_t> silenced;  // by name of the suppression
    std::map<std::string, std::uint64_t> of_category, silenced_of_category;
    std::uint64_t alerts = 0;
};

Replay replay(const Suppressions& suppressions, const std::vector<std::string>& events) {
    Replay counts;
    for_each_event(events, [&](const report::EventReader& event) {
        if (!is_open_alert(event)) return;
        const RecordedAlert alert = read_alert(event);
        const std::string category(alert.asked.category);
        ++counts.alerts;
        ++counts.of_category[category];
        if (const Suppression* one = suppressions.find(alert.asked)) {
            ++counts.silenced[one->name];
            ++counts.silenced_of_category[category];
        }
    });
    return counts;
}

void tell(const Replay& counts) {
    for (const auto& [name, count] : counts.silenced)
        std::cout << "'" << name << "' would have silenced " << count << " of " << counts.alerts
                  << " alerts\n";
    if (counts.silenced.empty())
        std::cout << "none of " << counts.alerts << " alerts would have been silenced\n";
}

/// As a text in double quotes, which is YAML as well.
std::string quoted(std::string_view text) {
    std::string out;
    report::write_json_string(text, out);
    return out;
}

std::string entry_for(const RecordedAlert& alert, const SuppressRequest& request) {
    const auto by = [&](std::string_view what) {
        return std::find(request.by.begin(), request.by.end(), what) != request.by.end();
    };
    std::string entry = "  - name: " + quoted(request.name.empty() ? request.alert : request.name);
    const auto add = [&](const char* key, std::string_view value) {
        if (!value.empty()) entry += std::string("\n    ") + key + ": " + quoted(value);
    };
    add("category", alert.asked.category);
    if (by("rule")) add("rule", alert.asked.rule);
    if (by("server")) add("server", alert.asked.server);
    if (by("client")) add("client", alert.client);
    if (by("tool")) add("tool", alert.asked.tool);
    add("reason", request.reason);
    add("expires", request.expires);
    return entry + '\n';
}

std::string content_of(const std::string& file) {
    std::ifstream in(file);
    if (!in) return "version: 1\nsuppressions:\n";
    std::ostringstream text;
    text << in.rdbuf();
    std::string content = text.str();
    if (!content.empty() && content.back() != '\n') content += '\n';
    return content;
}

}  // namespace

int suppress_add(const SuppressRequest& request) {
    std::string entry;
    for_each_event(request.events, [&](const report::EventReader& event) {
        if (!entry.empty() || !is_open_alert(event) ||
            (event.text("alert.id") != request.alert && event.text("event_id") != request.alert))
            return;
        entry = entry_for(read_alert(event), request);
    });
    if (entry.empty()) {
        std::cerr << "umbratap: there is no alert " << request.alert << " in these events\n";
        return 1;
    }
    // What is written is read first, by the same code that will read it: half a file never counts.
    const Suppressions alone = Suppressions::read(
        detect::YamlNode::parse("version: 1\nsuppressions:\n" + entry, "the new entry"));
    const std::string content = content_of(request.file) + entry;
    Suppressions::read(detect::YamlNode::parse(content, request.file));
    const Replay counts = replay(alone, request.events);
    tell(counts);
    for (const auto& [category, count] : counts.silenced_of_category) {
        const std::uint64_t all = counts.of_category.at(category);
        if (count < all || all < 2 || request.yes) continue;
        std::cerr << "umbratap: that would silence all " << all << " alerts of " << category
                  << "; say more with --by, or --yes if that is what you want\n";
        return 1;
    }
    std::ofstream out(request.file, std::ios::trunc);
    out << content;
    out.close();
    if (!out) {
        std::cerr << "umbratap: " << request.file << " cannot be written\n";
        return 1;
    }
    std::cout << "added to " << request.file << "; a running sensor reads it on USR2:\n" << entry;
    return 0;
}

int suppress_test(const std::string& file, const std::vector<std::string>& events) {
    tell(replay(Suppressions::load(file), events));
    return 0;
}

int suppress_list(const std::string& file) {
    for (const std::string& line : Suppressions::load(file).describe()) std::cout << line << '\n';
    return 0;
}

}  // namespace umbratap::engine
