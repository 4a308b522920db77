// Two ledgers become one. The order of merging does not matter, and the same again changes nothing:
// times widen, counts are joined by what they count, and of what contradicts the one seen last
// stays (of two seen at the same time, the greater).
#include <algorithm>
#include <tuple>

#include "inventory/ledger.h"

namespace umbratap::inventory {

namespace {

bool take_if_other(const std::string& from, std::string& into) {
    if (from.empty() || from == into) return false;
    into = from;
    return true;
}

bool widen(Time from, Time to, Time& first_seen, Time& last_seen) {
    const bool wider = from < first_seen || to > last_seen;
    first_seen = std::min(first_seen, from);
    last_seen = std::max(last_seen, to);
    return wider;
}

bool says_more_lately(const KnownServer& one, const KnownServer& other) {
    const auto said = [](const KnownServer& s) {
        return std::tie(s.last_seen, s.verdict, s.name, s.version, s.protocol_version, s.transport,
                        s.tls, s.address);
    };
    return said(one) > said(other);
}

bool merge_tool(const KnownTool& from, KnownTool& into) {
    const bool differ = !from.fingerprint.empty() && !into.fingerprint.empty() &&
                        from.fingerprint != into.fingerprint;
    const bool newer =
        std::tie(from.last_seen, from.fingerprint) > std::tie(into.last_seen, into.fingerprint);
    bool changed = false;
    if (newer || into.fingerprint.empty()) {
        changed = take_if_other(from.fingerprint, into.fingerprint);
        changed = take_if_other(from.definition, into.definition) || changed;
        changed = take_if_other(from.server_version, into.server_version) || changed;
    }
    // Two definitions are one change at least; whether the two inventories counted the same ones
    // nobody knows.
    const std::uint64_t changes = std::max({from.changes, into.changes, std::uint64_t{differ}});
    changed = widen(from.first_seen, from.last_seen, into.first_seen, into.last_seen) || changed ||
              changes != into.changes;
    into.changes = changes;
    return changed;
}

/// Sessions and calls that were counted, and whose names were forgotten since.
struct Nameless {
    std::uint64_t sessions = 0, calls = 0;
};

using NamelessByServer = std::unordered_map<std::int64_t, Nameless>;

NamelessByServer nameless(const std::vector<KnownServer>& servers,
                          const std::unordered_map<std::int64_t, CountedSession>& sessions) {
    NamelessByServer all;
    for (const KnownServer& server : servers) all[server.id] = {server.sessions, server.calls};
    for (const auto& [id, session] : sessions) {
        Nameless& one = all[session.server];
        one.sessions -= std::min<std::uint64_t>(one.sessions, 1);
        one.calls -= std::min(one.calls, session.calls);
    }
    return all;
}

}  // namespace

void Ledger::merge_server(const KnownServer& from, KnownServer& into) {
    bool changed = false;
    const bool newer = says_more_lately(from, into);
    const auto take = [&](std::string KnownServer::*text) {
        if (newer || (into.*text).empty())
            changed = take_if_other(from.*text, into.*text) || changed;
    };
    for (const auto text :
         {&KnownServer::address, &KnownServer::name, &KnownServer::version, &KnownServer::transport,
          &KnownServer::protocol_version, &KnownServer::verdict, &KnownServer::tls})
        take(text);
    changed = widen(from.first_seen, from.last_seen, into.first_seen, into.last_seen) || changed;
    into.told = std::max(into.told, from.told);
    for (const auto& [name, tool] : from.tools) {
        const auto known = into.tools.find(name);
        if (known == into.tools.end() && into.tools.size() >= limits_.tools_max) {
            ++not_noted_;
        } else if (known == into.tools.end()) {
            KnownTool& copy = into.tools.emplace(name, tool).first->second;
            copy.unwritten = changed = true;
        } else if (merge_tool(tool, known->second)) {
            known->second.unwritten = changed = true;
        }
    }
    if (changed) mark(into);
}

std::optional<std::size_t> Ledger::merge_client(const KnownClient& from) {
    const auto known = client_places_.find(from.address + '\0' + from.name);
    if (known == client_places_.end()) {
        if (known_clients.size() >= limits_.clients_max) {
            ++not_noted_;
            return {};
        }
        KnownClient copy = from;
        copy.id = last_client_ + 1;
        copy.unwritten = false;
        restore(std::move(copy));
        mark(known_clients.back());
        return known_clients.size() - 1;
    }
    KnownClient& into = known_clients[known->second];
    const bool newer = std::tie(from.told, from.version, from.user_agent) >
                       std::tie(into.told, into.version, into.user_agent);
    bool changed = false;
    for (const auto text : {&KnownClient::version, &KnownClient::user_agent}) {
        if (newer || (into.*text).empty())
            changed = take_if_other(from.*text, into.*text) || changed;
    }
    into.told = std::max(into.told, from.told);
    if (changed) mark(into);
    return known->second;
}

KnownServer* Ledger::add(const KnownServer& from) {
    if (known_servers.size() >= limits_.servers_max) {
        ++not_noted_;
        return nullptr;
    }
    KnownServer copy = from;
    copy.id = last_server_ + 1;
    copy.sessions = copy.calls = 0;
    copy.clients.clear();
    copy.unwritten = false;
    for (auto& [name, tool] : copy.tools) tool.unwritten = true;
    restore(std::move(copy));
    mark(known_servers.back());
    return &known_servers.back();
}

void Ledger::merge(const Ledger& other) {
    std::vector<std::optional<std::size_t>> clients;
    for (const KnownClient& client : other.known_clients) clients.push_back(merge_client(client));
    std::unordered_map<std::int64_t, std::size_t> places;  // by id over there
    for (const KnownServer& from : other.known_servers) {
        KnownServer* into = find(from);
        if (into != nullptr) {
            merge_server(from, *into);
        } else if (into = add(from); into == nullptr) {
            continue;
        }
        places[from.id] = static_cast<std::size_t>(into - known_servers.data());
        for (const auto& [client, sight] : from.clients) {
            if (clients[client]) merge_sight(*clients[client], sight, *into);
        }
    }
    merge_sessions(other, places);
}

void Ledger::merge_sight(std::size_t client, const Sight& from, KnownServer& server) {
    const auto known = server.clients.find(client);
    if (known == server.clients.end()) {
        if (server.clients.size() >= limits_.server_clients_max) {
            ++not_noted_;
            return;
        }
        server.clients[client] = {from.first_seen, from.last_seen, true};
    } else if (widen(from.first_seen, from.last_seen, known->second.first_seen,
                     known->second.last_seen)) {
        known->second.unwritten = true;
    } else {
        return;
    }
    mark(server);
}

void Ledger::merge_sessions(const Ledger& other,
                            const std::unordered_map<std::int64_t, std::size_t>& places) {
    const NamelessByServer theirs = nameless(other.known_servers, other.counted_sessions);
    NamelessByServer ours = nameless(known_servers, counted_sessions);
    for (const auto& [id, session] : other.counted_sessions) {
        const auto place = places.find(session.server);
        if (place == places.end()) continue;
        const std::int64_t server = known_servers[place->second].id;
        const auto [known, added] = counted_sessions.try_emplace(id, session);
        CountedSession& into = known->second;
        if (added) {
            session_order_.push_back(id);
        } else if (session.calls <= into.calls && session.last_seen <= into.last_seen) {
            continue;
        }
        into = {server, std::max(into.calls, session.calls),
                std::max(into.last_seen, session.last_seen), true};
        unwritten_sessions.push_back(id);
    }
    // What is counted by name, and beside it the greater number of what is not: those may be the
    // same sessions, and counting them twice would make every merge grow.
    std::unordered_map<std::int64_t, Nameless> named;
    for (const auto& [id, session] : counted_sessions) {
        Nameless& sums = named[session.server];
        ++sums.sessions;
        sums.calls += session.calls;
    }
    for (const auto& [their_id, place] : places) {
        KnownServer& server = known_servers[place];
        const Nameless& mine = ours[server.id];
        const Nameless& yours = theirs.at(their_id);
        const Nameless& sums = named[server.id];
        const std::uint64_t sessions = sums.sessions + std::max(mine.sessions, yours.sessions);
        const std::uint64_t calls = sums.calls + std::max(mine.calls, yours.calls);
        if (sessions == server.sessions && calls == server.calls) continue;
        server.sessions = sessions;
        server.calls = calls;
        mark(server);
    }
    forget_oldest_sessions();
}

void Ledger::forget_oldest_sessions() {
    if (session_order_.size() <= limits_.sessions_remembered) return;
    std::sort(session_order_.begin(), session_order_.end(), [&](std::int64_t a, std::int64_t b) {
        return std::pair(counted_sessions[a].last_seen, a) <
               std::pair(counted_sessions[b].last_seen, b);
    });
    while (session_order_.size() > limits_.sessions_remembered) {
        counted_sessions.erase(session_order_.front());
        forgotten_sessions.push_back(session_order_.front());
        session_order_.pop_front();
    }
}

}  // namespace umbratap::inventory
