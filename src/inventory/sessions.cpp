// Which session an exchange belongs to.
#include "inventory/sessions.h"

#include <algorithm>

namespace umbratap::inventory {

namespace {

void append(std::string& key, const packet::Endpoint& endpoint) {
    key.append(reinterpret_cast<const char*>(endpoint.address.octets.data()),
               endpoint.address.octets.size());
    key.push_back(static_cast<char>(endpoint.port >> 8));
    key.push_back(static_cast<char>(endpoint.port & 0xff));
}

// Behind an explicit proxy all servers share the proxy's address: the tunnel's authority tells them
// apart.
std::string peers(char kind, const Exchange& exchange) {
    std::string key(1, kind);
    append(key, {exchange.flow->client.address, 0});
    append(key, exchange.flow->server);
    key += exchange.tunnel_authority;
    key.push_back('\0');
    return key;
}

}  // namespace

std::string Sessions::key_of_id(const Exchange& exchange, std::string_view id) {
    return peers('i', exchange).append(id);
}

std::string Sessions::key_of_place(const Exchange& exchange, const Place& place) {
    return peers('p', exchange) + place.host + '\0' + std::to_string(place.port) + '\0' +
           place.path;
}

std::string Sessions::key_of_client(const Exchange& exchange, const Place& place,
                                    const mcp::Implementation& client) {
    std::string key = key_of_place(exchange, place);
    key[0] = 'c';
    return key + '\0' + client.name + '\0' + client.version;
}

std::string Sessions::key_of_connection(std::uint64_t connection) {
    return "n" + std::to_string(connection);
}

std::string Sessions::key_of_peers(const Exchange& exchange) {
    return peers('a', exchange);
}

LiveSession* Sessions::find(std::uint64_t serial) {
    const auto found = by_serial_.find(serial);
    return found == by_serial_.end() ? nullptr : &*found->second;
}

LiveSession* Sessions::find(const std::string& key, Time now, Duration idle_max) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    LiveSession* session = find(found->second);
    return session != nullptr && now - session->last_seen <= idle_max ? session : nullptr;
}

LiveSession& Sessions::open(Time now) {
    LiveSession& session = live_.emplace_back();
    session.serial = ++last_serial_;
    session.last_seen = session.session.start = session.session.end = now;
    by_serial_.emplace(session.serial, std::prev(live_.end()));
    return session;
}

void Sessions::name(LiveSession& session, const std::string& key) {
    by_key_[key] = session.serial;
    if (std::find(session.keys.begin(), session.keys.end(), key) == session.keys.end())
        session.keys.push_back(key);
}

void Sessions::touch(LiveSession& session, Time now) {
    session.last_seen = session.session.end = std::max(session.last_seen, now);
    live_.splice(live_.end(), live_, by_serial_.at(session.serial));
}

void Sessions::forget(LiveSession& session) {
    for (const std::string& key : session.keys) {
        const auto found = by_key_.find(key);
        if (found != by_key_.end() && found->second == session.serial) by_key_.erase(found);
    }
    const auto place = by_serial_.find(session.serial);
    live_.erase(place->second);
    by_serial_.erase(place);
}

LiveSession* Sessions::quietest() {
    return live_.empty() ? nullptr : &live_.front();
}

}  // namespace umbratap::inventory
