// Where an exchange points: what names its session, and what policy judges.
#pragma once

#include <string>

#include "inventory/policy.h"
#include "inventory/records.h"
#include "inventory/sighting.h"

namespace umbratap::inventory {

struct Place {
    std::string host;  ///< authority without port, lower case, no trailing dot; empty where unseen
    std::uint16_t port = 0;  ///< TCP port; behind a proxy, of the tunnel or URL
    std::string path;        ///< as sent, without query
    std::string target;  ///< path and query: what an endpoint of the old transport is recognised by
    std::string session_id;   ///< Mcp-Session-Id of the response, else of the request
    std::string url_session;  ///< the id in the query of the old transport (`?sessionId=…`)
};

Place place_of(const Exchange& exchange);

/// The id in a query like `sessionId=…`, `session_id=…`, `sessionid=…`; empty where there is none.
std::string session_in_query(std::string_view query);

/// `reference` as `event: endpoint` gives it (RFC 3986 reference) resolved against `base_path`:
/// path and query.
std::string resolve_endpoint(std::string_view base_path, std::string_view reference);

Contact contact_of(const Exchange& exchange, const Place& place, Time time);

Parties parties_of(const Exchange& exchange, const Place& place);

}  // namespace umbratap::inventory
