// HTTP exchanges while they are open: what waits in them for the server's answer, and which session
// they point to.
#include <algorithm>

#include "inventory/inventory_state.h"

namespace umbratap::inventory {

OpenExchange& Inventory::State::open_exchange(const std::shared_ptr<const Exchange>& exchange,
                                              Time time, Batch<Record>& out) {
    const ExchangeKey key = key_of(*exchange);
    auto [found, made] = exchanges.try_emplace(key);
    OpenExchange& open = found->second;
    if (made) {
        undecided.emplace_back(time, key);
        exchange_order.push_back(key);
        if (exchanges.size() > limits.exchanges_max) forget_oldest_exchange(key, out);
    }
    if (open.exchange != exchange) {
        open.exchange = exchange;
        open.place = place_of(*exchange);
    }
    return exchanges.at(key);
}

void Inventory::State::forget_oldest_exchange(const ExchangeKey& except, Batch<Record>& out) {
    while (!exchange_order.empty()) {
        const ExchangeKey oldest = exchange_order.front();
        exchange_order.pop_front();
        if (oldest == except || !exchanges.contains(oldest)) continue;
        end_exchange(oldest, out);
        return;
    }
}

void Inventory::State::end_exchange(const ExchangeKey& key, Batch<Record>& out) {
    const auto found = exchanges.find(key);
    if (found == exchanges.end()) return;
    decide(found->second, out);
    exchanges.erase(found);
}

void Inventory::State::decide(OpenExchange& open, Batch<Record>& out) {
    std::vector<Sent> sent = std::move(open.sent);
    open.sent.clear();
    for (Sent& one : sent) {
        if (open.refused()) {
            refuse(open, one, out);
        } else {
            accept(open, one, out);
        }
    }
}

Transport Inventory::State::transport_of(const OpenExchange& open, const Call& call) const {
    if (open.kind == http::TextKind::websocket_message) return Transport::websocket;
    if (open.kind == http::TextKind::line) return Transport::stream;
    if (find_endpoint(open) != nullptr) return Transport::http_sse;
    if (!open.place.session_id.empty()) return Transport::streamable_http;
    const bool modern = open.exchange->request && open.exchange->request->fields.has("mcp-method");
    if (modern || (!call.protocol_version.empty() && call.method != "initialize"))
        return Transport::stateless_http;
    if (!open.place.url_session.empty()) return Transport::http_sse;
    return Transport::streamable_http;
}

const LegacyEndpoint* Inventory::State::find_endpoint(const OpenExchange& open) const {
    const auto found = endpoints.find(Sessions::key_of_peers(*open.exchange) + open.place.target);
    return found == endpoints.end() ? nullptr : &found->second;
}

std::string Inventory::State::session_id_of(const OpenExchange& open) const {
    if (!open.place.session_id.empty()) return open.place.session_id;
    if (const LegacyEndpoint* endpoint = find_endpoint(open)) return endpoint->id;
    return open.place.url_session;
}

}  // namespace umbratap::inventory
