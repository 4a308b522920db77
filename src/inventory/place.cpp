// Where an exchange points.
#include "inventory/place.h"

#include <algorithm>

#include "http/target.h"

namespace umbratap::inventory {

namespace {

/// The authority's host as events name it: an IPv6 address stands without its brackets.
std::string plain_host(std::string_view authority) {
    std::string host = http::host_of(authority);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    return host;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

}  // namespace

std::string session_in_query(std::string_view query) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos || equals + 1 == pair.size()) continue;
        std::string name = lower(pair.substr(0, equals));
        std::erase_if(name, [](char c) { return c == '_' || c == '-'; });
        if (name == "sessionid") return std::string(pair.substr(equals + 1));
    }
    return {};
}

std::string resolve_endpoint(std::string_view base_path, std::string_view reference) {
    const http::Target absolute = http::split_target(reference);
    std::string path(absolute.path);
    if (!absolute.query.empty()) path.append("?").append(absolute.query);
    if (!absolute.scheme.empty() || (!path.empty() && path.front() == '/')) return path;
    if (!path.empty() && path.front() == '?') return std::string(base_path) + path;
    const std::size_t slash = base_path.rfind('/');
    return std::string(base_path.substr(0, slash == std::string_view::npos ? 0 : slash + 1)) + path;
}

Place place_of(const Exchange& exchange) {
    Place place;
    place.port = exchange.flow->server.port;
    std::string_view authority = exchange.tunnel_authority;
    if (exchange.request) {
        const http::Head& request = *exchange.request;
        const http::Target target = http::split_target(request.target);
        place.path = target.path;
        place.target = target.path;
        if (!target.query.empty()) place.target.append("?").append(target.query);
        place.url_session = session_in_query(target.query);
        place.session_id = request.fields.find("mcp-session-id");
        if (!request.authority.empty()) {
            place.host = plain_host(request.authority);
            if (!exchange.proxy) authority = {};
        }
        if (exchange.proxy && exchange.tunnel_authority.empty()) {
            authority = request.authority;
            place.port = request.scheme == "https" ? 443 : 80;
        }
    }
    if (!authority.empty()) {
        if (place.host.empty()) place.host = plain_host(authority);
        if (const auto port = http::split_authority(authority).port) place.port = *port;
    }
    if (exchange.response) {
        if (const auto id = exchange.response->fields.find("mcp-session-id"); !id.empty())
            place.session_id = id;
    }
    return place;
}

Contact contact_of(const Exchange& exchange, const Place& place, Time time) {
    Contact contact;
    contact.time = time;
    contact.client = exchange.flow->client.address;
    contact.via_proxy = exchange.proxy.has_value();
    if (!contact.via_proxy) contact.server = exchange.flow->server.address;
    contact.port = place.port;
    contact.host = place.host;
    contact.path = place.path;
    contact.tls = !exchange.tls.version.empty();
    contact.decrypted_mirror = exchange.flow->origin != nullptr && exchange.flow->origin->decrypted;
    contact.server_name = exchange.tls.server_name;
    contact.certificate_names = exchange.tls.certificate_names;
    return contact;
}

Parties parties_of(const Exchange& exchange, const Place& place) {
    Parties parties;
    parties.flow = exchange.flow;
    parties.proxy = exchange.proxy;
    parties.host = place.host;
    parties.path = place.path;
    parties.port = place.port;
    parties.server_name = exchange.tls.server_name;
    parties.tls = exchange.tls.version.empty() ? "none" : exchange.tls.version;
    const http::Head* head = exchange.request ? exchange.request.get() : exchange.response.get();
    if (head != nullptr) parties.http_version = std::string(http::to_string(head->version));
    if (exchange.request) parties.user_agent = exchange.request->fields.find("user-agent");
    return parties;
}

}  // namespace umbratap::inventory
