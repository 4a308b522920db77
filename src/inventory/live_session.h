// A session while it lasts: what will be told of it, and what is needed to join and pair.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "inventory/records.h"

namespace umbratap::inventory {

/// An HTTP exchange, or a whole bare connection (id 0), within the run.
struct ExchangeKey {
    std::uint64_t connection = 0;
    std::uint64_t exchange = 0;
    friend auto operator<=>(const ExchangeKey&, const ExchangeKey&) = default;
};

/// A request that waits for its answer.
struct WaitingCall {
    Call call;
    Time sent;
    ExchangeKey exchange;
    std::vector<detect::Finding> evasions;  ///< told once it is known what the server made of it
};

struct LiveSession {
    Session session;
    std::uint64_t serial = 0;  ///< in order of opening; 0 is no session
    bool tentative =
        false;  ///< opened by an `initialize` or `server/discover` whose answer is not known
    bool confirmed = false;         ///< told to the inventory
    bool credentials_seen = false;  ///< a request brought some
    bool anonymous_told = false;    ///< the server did something for who brought none
    std::string software_told;      ///< names and versions that were held against known weaknesses
    bool origin_told = false;       ///< a page of another origin was let in
    bool shadow_told = false;       ///< a shadow-server alert was raised for it
    Time last_seen;
    std::set<std::uint16_t> evidence;   ///< numbers of rules
    std::vector<std::string> keys;      ///< under which Sessions finds it
    std::set<std::string> tools_known;  ///< names in session.tools_listed
    std::unordered_map<std::string, std::deque<WaitingCall>>
        waiting[2];  ///< sent by client, by server; by id
    std::size_t calls_waiting = 0;
    bool answered_version = false;  ///< protocol_version is what the server answered
};

}  // namespace umbratap::inventory
