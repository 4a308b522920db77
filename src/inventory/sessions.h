// Which session an exchange belongs to (report/README.md, "Sessions").
//
//   with a session id     (client address, server address and port, id), over however many
//   connections without one           (client address, server address and port, authority, path,
//   clientInfo); what names no
//                         clientInfo joins the newest session of that address, authority and path
//   WebSocket, stream     the connection
//
// A session is found under several keys at a time; the newest one owns a key.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include "inventory/live_session.h"
#include "inventory/place.h"

namespace umbratap::inventory {

class Sessions {
public:
    LiveSession* find(std::uint64_t serial);
    LiveSession* find(const std::string& key, Time now, Duration idle_max);

    LiveSession& open(Time now);
    /// From now on `session` is found under `key`.
    void name(LiveSession& session, const std::string& key);
    /// Moves it to the end of the order of last sight.
    void touch(LiveSession& session, Time now);
    void forget(LiveSession& session);

    /// The session seen least recently; nullptr if there is none.
    LiveSession* quietest();
    std::size_t size() const noexcept { return live_.size(); }

    static std::string key_of_id(const Exchange& exchange, std::string_view id);
    static std::string key_of_place(const Exchange& exchange, const Place& place);
    static std::string key_of_client(const Exchange& exchange, const Place& place,
                                     const mcp::Implementation& client);
    static std::string key_of_connection(std::uint64_t connection);
    /// All sessions of a client with a server share this; the newest owns it.
    static std::string key_of_peers(const Exchange& exchange);

private:
    std::list<LiveSession> live_;  // in order of last sight
    std::unordered_map<std::uint64_t, std::list<LiveSession>::iterator> by_serial_;
    std::unordered_map<std::string, std::uint64_t> by_key_;
    std::uint64_t last_serial_ = 0;
};

}  // namespace umbratap::inventory
