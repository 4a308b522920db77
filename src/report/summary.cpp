// What a person reads after a run over files.
#include "report/summary.h"

#include <algorithm>

#include "report/blind_spots.h"
#include "report/quantity.h"
#include "report/table.h"
#include "report/text.h"

namespace umbratap::report {

namespace {

using namespace inventory;

constexpr std::size_t servers_max = 10'000, finding_kinds_max = 1'000, all_clients_max = 100'000;
constexpr std::size_t clients_max = 100, tools_max = 1'000, few = 8;  // per server
constexpr std::size_t findings_shown = 5, places_shown = 3;
constexpr std::size_t servers_costly = 3, clients_costly = 2;
constexpr std::uint64_t cost_told = 1'000;  // tokens: less is not worth a line
constexpr int lines_max = 40, rows_max = 20;

std::string place_of(const Parties& parties) {
    const bool direct = parties.flow && !parties.proxy;
    std::string place = !parties.host.empty()          ? parties.host
                        : !parties.server_name.empty() ? parties.server_name
                        : direct ? packet::to_string(parties.flow->server.address)
                                 : std::string("unknown host");
    if (place.find(':') != place.npos) place = '[' + place + ']';
    const unsigned port = parties.port != 0 ? parties.port
                          : direct          ? parties.flow->server.port
                                            : 0U;
    if (port != 0) place += ':' + std::to_string(port);
    return place + parties.path;
}

/// Puts `value` into a set that grows no further than `size_max`; false if it had no place.
bool put(std::set<std::string>& set, const std::string& value, std::size_t size_max) {
    if (set.contains(value)) return true;
    if (set.size() >= size_max) return false;
    set.insert(std::string(cut_text(value, 256)));
    return true;
}

std::string joined(const std::set<std::string>& values, std::size_t count_max) {
    std::string all;
    std::size_t count = 0;
    for (const std::string& value : values) {
        if (++count > count_max) return all + ", …";
        if (!all.empty()) all += ", ";
        all += value;
    }
    return all;
}

const char* severity_word(int severity) {
    constexpr const char* words[] = {"high", "medium", "low", "notice"};
    return words[std::clamp(severity, 1, 4) - 1];
}

Ink ink_of(Verdict verdict) {
    return verdict == Verdict::shadow      ? Ink::red
           : verdict == Verdict::tolerated ? Ink::yellow
                                           : Ink::green;
}

Ink ink_of_severity(int severity) {
    return severity <= 1 ? Ink::red : severity == 2 ? Ink::yellow : Ink::plain;
}

std::string clients_text(const Summary::Clients& clients) {
    std::set<std::string> all;
    for (const auto& [address, names] : clients.names) all.insert(names.begin(), names.end());
    if (clients.names.size() == 1 && all.size() < 2) {
        const std::string& address = clients.names.begin()->first;
        return all.empty() ? address : address + ' ' + *all.begin();
    }
    const std::string text = count_text(clients.count()) + (clients.more ? "+" : "");
    return all.empty() ? text : text + ": " + joined(all, 4);
}

// "2 of 5", or "7 (6 listed)" where tools were called that no list has shown.
std::string tools_text(const Summary::Server& server) {
    const auto& listed = server.tools_listed;
    const std::string called = count_text(server.tools_called.size());
    const std::string all = count_text(listed.size()) + (server.more_tools ? "+" : "");
    if (listed.empty()) return called;
    const bool known = std::includes(listed.begin(), listed.end(), server.tools_called.begin(),
                                     server.tools_called.end());
    return known ? called + " of " + all : called + " (" + all + " listed)";
}

// The revision says which HTTP transport it is, nearly always; another one is told beside it.
std::string protocol_text(const Summary::Server& server) {
    std::set<std::string> others;
    for (const std::string& name : server.transports) {
        if (!name.ends_with("-http")) others.insert(name);
    }
    if (server.revisions.empty()) return joined(server.transports, 2);
    const std::string revisions = joined(server.revisions, 2);
    return others.empty() ? revisions : revisions + ' ' + joined(others, 2);
}

std::string inventory_table(const std::map<std::string, Summary::Server>& servers, std::size_t rows,
                            const SummaryOptions& options) {
    std::vector<const Summary::Server*> order;
    for (const auto& [place, server] : servers) order.push_back(&server);
    const auto worse = [](const Summary::Server* a, const Summary::Server* b) {
        if (a->verdict != b->verdict) return a->verdict > b->verdict;
        if (a->calls != b->calls) return a->calls > b->calls;
        if (a->sessions != b->sessions) return a->sessions > b->sessions;
        return a->place < b->place;
    };
    std::sort(order.begin(), order.end(), worse);
    Table table({{"SERVER", 24, Align::left, Cut::middle, 12},
                 {"VERDICT"},
                 {"PROTOCOL", 10, Align::left, Cut::end, 4},
                 {"CLIENTS", 8, Align::left, Cut::end, 4},
                 {"SESSIONS", 0, Align::right},
                 {"TOOLS", 0, Align::right},
                 {"CALLS", 0, Align::right}});
    for (std::size_t i = 0; i < std::min(rows, order.size()); ++i) {
        const Summary::Server& server = *order[i];
        table.add({{server.place},
                   {std::string(to_string(server.verdict)), ink_of(server.verdict)},
                   {protocol_text(server)},
                   {clients_text(server.clients)},
                   {count_text(server.sessions)},
                   {tools_text(server)},
                   {count_text(server.calls)}});
    }
    std::string text = table.render(options.columns, options.colour);
    if (order.size() > rows) text += "  … and " + count_text(order.size() - rows) + " more\n";
    return text;
}

using Costs = std::vector<std::pair<std::string, Summary::Cost>>;

void add_costs(Costs costs, std::size_t most, const char* who, Table& table) {
    std::stable_sort(costs.begin(), costs.end(),
                     [](const auto& a, const auto& b) { return a.second.sum() > b.second.sum(); });
    for (std::size_t i = 0; i < std::min(most, costs.size()); ++i) {
        const auto& [name, cost] = costs[i];
        if (cost.sum() == 0) return;
        table.add({{name},
                   {who},
                   {count_text(cost.list)},
                   {count_text(cost.arguments)},
                   {count_text(cost.results)}});
    }
}

/// Empty where it is not worth a line.
std::string cost_table(const std::map<std::string, Summary::Server>& servers,
                       const std::map<std::string, Summary::Cost>& clients,
                       const SummaryOptions& options) {
    Costs of_servers;
    std::uint64_t sum = 0;
    for (const auto& [place, server] : servers) {
        of_servers.emplace_back(place, server.cost);
        sum += server.cost.sum();
    }
    if (sum < cost_told) return {};
    Table table({{"WHO", 24, Align::left, Cut::middle, 12},
                 {""},
                 {"TOOL LISTS", 0, Align::right},
                 {"ARGUMENTS", 0, Align::right},
                 {"RESULTS", 0, Align::right}});
    add_costs(std::move(of_servers), servers_costly, "server", table);
    add_costs({clients.begin(), clients.end()}, clients_costly, "client", table);
    return table.render(options.columns, options.colour);
}

std::string places_text(const std::set<std::string>& places) {
    std::string text;
    std::size_t shown = 0;
    for (const std::string& place : places) {
        if (shown == places_shown)
            return text + " and " + count_text(places.size() - shown) + " more";
        text += (shown++ == 0 ? "" : ", ") + place;
    }
    return text;
}

// Two lines each: what it is, and where. Worst first, then the most frequent; empty where there are
// none.
std::string findings_text(const std::map<Summary::FindingKind, Summary::Finding>& findings,
                          std::uint64_t unlisted, const SummaryOptions& options) {
    std::vector<std::map<Summary::FindingKind, Summary::Finding>::const_iterator> order;
    for (auto at = findings.begin(); at != findings.end(); ++at) order.push_back(at);
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
        return std::tuple(a->first.severity, b->second.findings) <
               std::tuple(b->first.severity, a->second.findings);
    });
    constexpr std::size_t indent = 10;
    const int columns = options.columns - static_cast<int>(indent);
    std::string text;
    std::uint64_t kinds_left = 0, left = unlisted;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const auto& [kind, finding] = *order[i];
        if (i >= findings_shown) {
            ++kinds_left;
            left += finding.findings;
            continue;
        }
        const std::string severity = severity_word(kind.severity);
        text += "  " + inked(severity, ink_of_severity(kind.severity), options.colour) +
                std::string(indent - 2 - severity.size(), ' ') +
                terminal_text(
                    count_text(finding.findings) + "× " + kind.category + ": " + kind.signature,
                    columns) +
                '\n' + std::string(indent, ' ') +
                terminal_text(places_text(finding.places), columns) + '\n';
    }
    if (left > 0)
        text +=
            "  … and " + count_text(left) + " more of " + counted(kinds_left, "other kind") + '\n';
    return text;
}

}  // namespace

void Summary::add(const Record& record) {
    if (const auto* session = std::get_if<Session>(&record)) return add_session(*session);
    if (const auto* alert = std::get_if<Alert>(&record)) return add_alert(*alert);
    if (const auto* stats = std::get_if<Stats>(&record)) stats_ = *stats;
}

void Summary::add_session(const Session& session) {
    ++sessions_;
    std::uint64_t calls = 0;
    for (const auto& [name, count] : session.tools_called) calls += count;
    calls_ += calls;
    if (session.parties.flow) {
        const Time start = std::min(session.parties.flow->start, session.start);
        first_ = first_ ? std::min(*first_, start) : start;
        clients_.add(packet::to_string(session.parties.flow->client.address),
                     session.parties.client.name, all_clients_max);
    }
    if (session.parties.flow) {
        const std::string& name = session.parties.client.name;
        const std::string client = packet::to_string(session.parties.flow->client.address) +
                                   (name.empty() ? "" : ' ' + std::string(cut_text(name, 256)));
        if (client_costs_.size() < servers_max || client_costs_.contains(client))
            client_costs_[client].add(session);
    }
    std::string place = place_of(session.parties);
    auto found = servers_.find(place);
    if (found == servers_.end()) {
        if (servers_.size() >= servers_max) {
            ++unlisted_sessions_;
            return;
        }
        found = servers_.try_emplace(place).first;
        found->second.place = std::move(place);
    }
    Server& server = found->second;
    server.cost.add(session);
    ++server.sessions;
    server.calls += calls;
    server.verdict = std::max(server.verdict, session.judgement.verdict);
    put(server.transports, std::string(to_string(session.transport)), few);
    if (!session.protocol_version.empty()) put(server.revisions, session.protocol_version, few);
    for (const auto& [name, count] : session.tools_called) {
        server.more_tools = !put(server.tools_called, name, tools_max) || server.more_tools;
    }
    for (const std::string& name : session.tools_listed) {
        server.more_tools = !put(server.tools_listed, name, tools_max) || server.more_tools;
    }
    if (!session.parties.flow) return;
    server.clients.add(packet::to_string(session.parties.flow->client.address),
                       session.parties.client.name, clients_max);
}

void Summary::Cost::add(const Session& session) noexcept {
    list += session.list_tokens;
    arguments += session.argument_tokens;
    results += session.result_tokens;
}

void Summary::Clients::add(const std::string& address, const std::string& name,
                           std::size_t count_max) {
    if (!names.contains(address) && names.size() >= count_max) {
        more = true;
        return;
    }
    std::set<std::string>& known = names[address];
    if (!name.empty() && !put(known, name, few)) more = true;
}

std::uint64_t Summary::Clients::count() const {
    std::uint64_t sum = 0;
    for (const auto& [address, known] : names) sum += std::max<std::size_t>(1, known.size());
    return sum;
}

void Summary::add_alert(const Alert& alert) {
    const FindingKind kind{alert.severity, alert.category,
                           std::string(cut_text(alert.signature, 256))};
    auto found = findings_.find(kind);
    if (found == findings_.end()) {
        if (findings_.size() >= finding_kinds_max) {
            unlisted_findings_ += alert.closing ? 0 : 1;
            return;
        }
        found = findings_.try_emplace(kind).first;
    }
    Finding& finding = found->second;
    // An opening event counts one; the closing one has the sum of its window.
    finding.findings += alert.closing ? 0 : 1;
    finding.events += alert.closing ? std::max<std::uint64_t>(alert.count, 1) - 1 : alert.count;
    put(finding.places, place_of(alert.parties), clients_max);
}

std::string Summary::render(const SummaryOptions& given) const {
    SummaryOptions options = given;
    options.columns = std::clamp(options.columns, 60, 200);
    const auto heading = [&](const std::string& text) {
        return '\n' + inked(text, Ink::bold, options.colour) + '\n';
    };
    const auto line = [&](const std::string& text) {
        return "  " + terminal_text(text, options.columns - 2) + '\n';
    };

    std::string findings = findings_text(findings_, unlisted_findings_, options);
    if (!findings.empty()) findings = heading("Findings, worst first") + findings;

    std::string cost = cost_table(servers_, client_costs_, options);
    if (!cost.empty()) cost = heading("What it costs a model in tokens, about") + cost;

    std::string unseen = heading("What stayed unseen");
    for (const std::string& spot : blind_spots(stats_)) unseen += line(spot);

    std::string top;
    if (servers_.empty()) {
        top = inked("No MCP was found.", Ink::bold, options.colour) + '\n';
        for (const std::string& reason : reasons_for_nothing(stats_)) top += line(reason);
    } else {
        std::uint64_t shadow = 0;
        for (const auto& [place, server] : servers_)
            shadow += server.verdict == Verdict::shadow ? 1 : 0;
        std::string title = counted(servers_.size(), "MCP server");
        if (shadow > 0)
            title += servers_.size() == 1        ? ", shadow"
                     : shadow == servers_.size() ? ", all shadow"
                                                 : ", " + count_text(shadow) + " of them shadow";
        title += " · " + counted(clients_.count(), "client") + " · " +
                 counted(sessions_, "session") + " · " + counted(calls_, "tool call");
        top = inked(title, Ink::bold, options.colour) + '\n';
        if (!options.policy_given)
            top += line("No policy was given, so every server counts as shadow (see --policy).");
        top += '\n';
    }
    std::string bottom =
        "\nRead " + counted(stats_.packets, "packet") + ", " + bytes_text(stats_.bytes);
    if (first_ && stats_.time > *first_)
        bottom += ", " + duration_text(stats_.time - *first_) + " of traffic";
    bottom += ".\n";

    const auto lines = [](const std::string& text) {
        return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    };
    if (!servers_.empty()) {
        const int room = lines_max - lines(top) - lines(findings) - lines(cost) - lines(unseen) -
                         lines(bottom) - 2;
        top += inventory_table(servers_, static_cast<std::size_t>(std::clamp(room, 8, rows_max)),
                               options);
        if (unlisted_sessions_ > 0)
            top += line("… and " + counted(unlisted_sessions_, "session") + " at further servers");
    }
    return top + findings + cost + unseen + bottom;
}

}  // namespace umbratap::report
