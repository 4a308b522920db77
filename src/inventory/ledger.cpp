// What a Store knows, in memory.
#include "inventory/ledger.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "base/digest.h"

namespace umbratap::inventory {

namespace {

bool widen(Time from, Time to, Time& first_seen, Time& last_seen) noexcept {
    const bool wider = from < first_seen || to > last_seen;
    first_seen = std::min(first_seen, from);
    last_seen = std::max(last_seen, to);
    return wider;
}

std::string key_of(std::string_view host, std::string_view scope, std::uint16_t port,
                   std::string_view path) {
    std::string key(host);
    key += '\0';
    key += scope;
    key += '\0';
    key += std::to_string(port);
    key += '\0';
    return key += path;
}

// A name with a dot that is no address is the same for everybody.
bool names_one_server(std::string_view host) noexcept {
    if (host.find('.') == host.npos || host.find(':') != host.npos) return false;
    for (const std::string_view local :
         {".local", ".localhost", ".lan", ".internal", ".home.arpa", ".test"}) {
        if (host.ends_with(local)) return false;
    }
    const std::string_view last = host.substr(host.rfind('.') + 1);
    return last.find_first_not_of("0123456789") != last.npos;
}

// What the same packets give again is the same session. Its id and names do not count: they may not
// be known yet when it is noted first.
std::int64_t id_of(const Session& session, const KnownServer& server) {
    std::string text = key_of(server.host, server.scope, server.port, server.path);
    text += '\0';
    text += std::to_string(session.start.time_since_epoch().count());
    if (session.parties.flow) text += packet::to_string(session.parties.flow->client.address);
    const auto digest = sha256(as_bytes(text));
    std::int64_t id;
    std::memcpy(&id, digest.data(), sizeof id);
    return id;
}

}  // namespace

void Ledger::mark(KnownServer& server) {
    if (server.unwritten) return;
    server.unwritten = true;
    unwritten_servers.push_back(static_cast<std::size_t>(&server - known_servers.data()));
}
void Ledger::mark(KnownClient& client) {
    if (client.unwritten) return;
    client.unwritten = true;
    unwritten_clients.push_back(static_cast<std::size_t>(&client - known_clients.data()));
}

Ledger::Found Ledger::find_or_make(const Session& session, Time time) {
    const Parties& parties = session.parties;
    const bool direct = parties.flow && !parties.proxy;
    const std::string address =
        direct ? packet::to_string(parties.flow->server.address) : std::string();
    const std::string host = cut(parties.host.empty() ? parties.server_name : parties.host);
    const std::string scope = names_one_server(host) ? std::string() : address;
    const std::uint16_t port = parties.port != 0 ? parties.port
                               : direct          ? parties.flow->server.port
                                                 : std::uint16_t{0};
    const std::string path_seen = cut(parties.path);
    std::string key = key_of(host, scope, port, path_seen);
    if (const auto found = server_places_.find(key); found != server_places_.end())
        return {&known_servers[found->second], false};
    if (known_servers.size() >= limits_.servers_max) {
        ++not_noted_;
        return {nullptr, false};
    }
    server_places_.emplace(std::move(key), known_servers.size());
    KnownServer& server = known_servers.emplace_back();
    server.id = ++last_server_;
    server.host = host;
    server.scope = scope;
    server.address = address;
    server.port = port;
    server.path = path_seen;
    server.first_seen = server.last_seen = time;
    server.verdict = to_string(session.judgement.verdict);
    mark(server);
    return {&server, true};
}

KnownServer* Ledger::find(const KnownServer& like) {
    const auto found = server_places_.find(key_of(like.host, like.scope, like.port, like.path));
    return found == server_places_.end() ? nullptr : &known_servers[found->second];
}

Ledger::News Ledger::learn(const Session& session, KnownServer& server) {
    bool contradicts = false, news = false;
    // Sessions are noted when they end as well; an old one then does not take back what a newer
    // one has said.
    const bool latest = session.start >= server.told;
    if (latest) server.told = session.start;
    const auto take = [&](std::string_view value, std::string& known) {
        if (value.empty() || (!latest && !known.empty())) return false;
        if (value.substr(0, limits_.text_bytes_max) == known) return false;
        const bool otherwise = !known.empty();
        known = cut(value);
        news = true;
        return otherwise;
    };
    contradicts = take(session.parties.server.name, server.name) || contradicts;
    contradicts = take(session.parties.server.version, server.version) || contradicts;
    // These may depend on the client, so they are kept and not told.
    take(session.protocol_version, server.protocol_version);
    take(to_string(session.transport), server.transport);
    take(session.parties.tls, server.tls);
    if (session.parties.flow && !session.parties.proxy) {
        take(packet::to_string(session.parties.flow->server.address), server.address);
    }
    if (const auto verdict = to_string(session.judgement.verdict); verdict != server.verdict) {
        server.verdict = verdict;  // policy may have changed since, so the last word counts
        news = true;
    }
    const Time end = std::max(session.start, session.end);
    if (widen(session.start, end, server.first_seen, server.last_seen) || news) mark(server);
    return contradicts ? News::changed : News::none;
}

void Ledger::count(const Session& session, KnownServer& server) {
    std::uint64_t calls = 0;
    for (const auto& [tool, times] : session.tools_called) calls += times;
    const std::int64_t id = id_of(session, server);
    auto [place, added] = counted_sessions.try_emplace(id);
    CountedSession& counted = place->second;
    if (added) {
        ++server.sessions;
        session_order_.push_back(id);
    } else if (counted.calls >= calls) {
        return;
    }
    server.calls += calls - counted.calls;
    counted.server = server.id;
    counted.calls = calls;
    counted.last_seen = session.end;
    if (added || !counted.unwritten) unwritten_sessions.push_back(id);
    counted.unwritten = true;
    mark(server);
    if (session_order_.size() > limits_.sessions_remembered) {
        counted_sessions.erase(session_order_.front());
        forgotten_sessions.push_back(session_order_.front());
        session_order_.pop_front();
    }
}

// The place of the client, or one behind the last. One that gives no name is the one of that
// address that was seen last; one that gives its name at last keeps its place.
std::size_t Ledger::find_client(const std::string& address, const std::string& name) {
    if (const auto found = client_places_.find(address + '\0' + name);
        found != client_places_.end()) {
        return found->second;
    }
    if (name.empty()) {
        const auto last = client_at_.find(address);
        return last != client_at_.end() ? last->second : known_clients.size();
    }
    const auto nameless = client_places_.find(address + '\0');
    if (nameless == client_places_.end()) return known_clients.size();
    const std::size_t place = nameless->second;
    client_places_.erase(nameless);
    client_places_.emplace(address + '\0' + name, place);
    known_clients[place].name = name;
    mark(known_clients[place]);
    return place;
}

Ledger::News Ledger::note_client(const Session& session, KnownServer& server) {
    if (!session.parties.flow) return News::none;
    const std::string address = packet::to_string(session.parties.flow->client.address);
    const std::string name = cut(session.parties.client.name);
    News news = News::none;
    std::size_t place = find_client(address, name);
    if (place == known_clients.size()) {
        if (known_clients.size() >= limits_.clients_max) {
            ++not_noted_;
            return News::none;
        }
        restore(KnownClient{last_client_ + 1, address, name, {}, {}, {}, false});
        mark(known_clients.back());
        news = News::first;
    }
    client_at_[address] = place;
    KnownClient& client = known_clients[place];
    const bool latest = session.start >= client.told;
    if (latest) client.told = session.start;
    const auto take = [&](std::string_view value, std::string& known) {
        if (value.empty() || (!latest && !known.empty())) return false;
        if (value.substr(0, limits_.text_bytes_max) == known) return false;
        const bool otherwise = !known.empty();
        known = cut(value);
        mark(client);
        return otherwise;
    };
    if (take(session.parties.client.version, client.version)) news = News::changed;
    take(session.parties.user_agent, client.user_agent);
    note_sight(place, session, server);
    return news;
}

void Ledger::note_sight(std::size_t client, const Session& session, KnownServer& server) {
    const auto known = server.clients.find(client);
    if (known == server.clients.end()) {
        if (server.clients.size() >= limits_.server_clients_max) {
            ++not_noted_;
            return;
        }
        server.clients[client] = {session.start, std::max(session.start, session.end), true};
        mark(server);
    } else if (widen(session.start, session.end, known->second.first_seen,
                     known->second.last_seen)) {
        known->second.unwritten = true;
        mark(server);
    }
}

const KnownTool* Ledger::find_tool(const KnownServer& server, std::string_view name) const {
    const auto found = server.tools.find(cut(name));
    return found == server.tools.end() ? nullptr : &found->second;
}

void Ledger::count_definitions() noexcept {
    definition_bytes_ = 0;
    for (const KnownServer& server : known_servers) {
        for (const auto& [name, tool] : server.tools) definition_bytes_ += tool.definition.size();
    }
}

Ledger::News Ledger::note_tool(std::string_view name, const std::string& fingerprint, Time time,
                               KnownServer& server, std::string_view definition,
                               std::string_view server_version) {
    const bool keeps = definition.size() <= limits_.definition_bytes_max &&
                       definition_bytes_ + definition.size() <= limits_.definitions_bytes_max;
    const std::string known_as = cut(name);
    const auto found = server.tools.find(known_as);
    if (found == server.tools.end()) {
        if (server.tools.size() >= limits_.tools_max) {
            ++not_noted_;
            return News::none;
        }
        server.tools[known_as] = {fingerprint,
                                  0,
                                  time,
                                  time,
                                  true,
                                  std::string(keeps ? definition : std::string_view()),
                                  cut(server_version)};
        definition_bytes_ += server.tools[known_as].definition.size();
        mark(server);
        return News::first;
    }
    KnownTool& tool = found->second;
    const bool changed =
        !fingerprint.empty() && !tool.fingerprint.empty() && fingerprint != tool.fingerprint;
    const bool news = !fingerprint.empty() && fingerprint != tool.fingerprint;
    if (news) {
        tool.fingerprint = fingerprint;
        definition_bytes_ -= tool.definition.size();
        tool.definition = keeps ? definition : std::string_view();
        definition_bytes_ += tool.definition.size();
        tool.server_version = cut(server_version);
    }
    if (changed) ++tool.changes;
    if (widen(time, time, tool.first_seen, tool.last_seen) || news) {
        tool.unwritten = true;
        mark(server);
    }
    return changed ? News::changed : News::none;
}

void Ledger::restore(KnownServer server) {
    last_server_ = std::max(last_server_, server.id);
    server_places_[key_of(server.host, server.scope, server.port, server.path)] =
        known_servers.size();
    known_servers.push_back(std::move(server));
}

void Ledger::restore(KnownClient client) {
    last_client_ = std::max(last_client_, client.id);
    client_places_[client.address + '\0' + client.name] = known_clients.size();
    client_at_[client.address] = known_clients.size();
    known_clients.push_back(std::move(client));
}

void Ledger::restore(std::int64_t id, const CountedSession& session) {
    if (counted_sessions.emplace(id, session).second) session_order_.push_back(id);
}

bool Ledger::all_is_written() const noexcept {
    return unwritten_servers.empty() && unwritten_clients.empty() && unwritten_sessions.empty();
}

void Ledger::mark_all_written() {
    for (const std::size_t place : unwritten_clients) known_clients[place].unwritten = false;
    for (const std::size_t place : unwritten_servers) {
        KnownServer& server = known_servers[place];
        server.unwritten = false;
        for (auto& [name, tool] : server.tools) tool.unwritten = false;
        for (auto& [client, sight] : server.clients) sight.unwritten = false;
    }
    for (const std::int64_t id : unwritten_sessions) {
        if (const auto found = counted_sessions.find(id); found != counted_sessions.end())
            found->second.unwritten = false;
    }
    unwritten_servers.clear();
    unwritten_clients.clear();
    unwritten_sessions.clear();
    forgotten_sessions.clear();
}

// What short texts and the nodes of maps take beside the structures is a guess.
std::uint64_t Ledger::bytes() const noexcept {
    constexpr std::uint64_t texts = 128, node = 48;
    std::uint64_t sum = known_clients.size() * (sizeof(KnownClient) + 2 * texts + node) +
                        counted_sessions.size() * (sizeof(CountedSession) + 2 * node);
    for (const KnownServer& server : known_servers) {
        sum += sizeof server + 2 * texts + node +
               server.tools.size() * (sizeof(KnownTool) + texts + node) +
               server.clients.size() * (sizeof(Sight) + node);
    }
    return sum;
}

std::vector<StoredServer> Ledger::servers() const {
    std::vector<StoredServer> all;
    for (const KnownServer& server : known_servers) {
        StoredServer& stored = all.emplace_back();
        stored.host = server.host;
        stored.address = server.address;
        stored.path = server.path;
        stored.name = server.name;
        stored.version = server.version;
        stored.transport = server.transport;
        stored.protocol_version = server.protocol_version;
        stored.verdict = server.verdict;
        stored.tls = server.tls;
        stored.scope = server.scope;
        stored.port = server.port;
        stored.sessions = server.sessions;
        stored.calls = server.calls;
        stored.first_seen = server.first_seen;
        stored.last_seen = server.last_seen;
        for (const auto& [name, tool] : server.tools) {
            stored.tools.push_back(name);
            stored.tools_known.push_back({name, tool.fingerprint, tool.changes, tool.first_seen,
                                          tool.last_seen, tool.definition});
        }
        for (const auto& [place, sight] : server.clients) {
            const KnownClient& client = known_clients[place];
            stored.clients_known.push_back({client.address, client.name, client.version,
                                            client.user_agent, sight.first_seen, sight.last_seen});
        }
        std::sort(stored.clients_known.begin(), stored.clients_known.end(),
                  [](const StoredClient& a, const StoredClient& b) {
                      return std::tie(a.address, a.name) < std::tie(b.address, b.name);
                  });
        for (const StoredClient& client : stored.clients_known) {
            std::string text = client.address;
            if (!client.name.empty()) text += ' ' + client.name;
            if (!client.version.empty()) text += ' ' + client.version;
            stored.clients.push_back(std::move(text));
        }
    }
    std::sort(all.begin(), all.end(), [](const StoredServer& a, const StoredServer& b) {
        return std::tie(a.host, a.address, a.port, a.path) <
               std::tie(b.host, b.address, b.port, b.path);
    });
    return all;
}

namespace {

std::string server_name(const std::string& host, const std::string& scope, std::uint16_t port,
                        const std::string& path) {
    std::string name = host.empty() ? scope : host;
    if (!host.empty() && !scope.empty()) name += '(' + scope + ')';
    return name + ':' + std::to_string(port) + path;
}

}  // namespace

std::string server_name_of(const Parties& parties) {
    const bool known = names_one_server(parties.host);
    const std::string address =
        !known && parties.flow ? packet::to_string(parties.flow->server.address) : std::string();
    std::uint16_t port = parties.port;
    if (port == 0 && parties.flow) port = parties.flow->server.port;
    return server_name(parties.host, address, port, parties.path);
}

std::string server_name_of(const StoredServer& server) {
    return server_name(server.host, server.scope, server.port, server.path);
}

}  // namespace umbratap::inventory
