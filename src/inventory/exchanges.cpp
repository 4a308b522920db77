// HTTP exchanges while they are open: what waits in them for the server's answer, and which session
// they point to.
#include <algorithm>

#include "http/fields.h"
#include "inventory/inventory_state.h"

namespace umbratap::inventory {

namespace {

constexpr std::size_t exchange_order_slack = 1024;

}  // namespace

OpenExchange& Inventory::State::open_exchange(const std::shared_ptr<const Exchange>& exchange,
                                              Time time, Batch<Record>& out) {
    const ExchangeKey key = key_of(*exchange);
    auto [found, made] = exchanges.try_emplace(key);
    OpenExchange& open = found->second;
    if (made) {
        undecided.emplace_back(time, key);
        exchange_order.push_back(key);
        // Ended ones leave their keys behind, and one that stays open for hours stands before them.
        if (exchange_order.size() > 2 * exchanges.size() + exchange_order_slack) {
            std::erase_if(exchange_order,
                          [&](const ExchangeKey& one) { return !exchanges.contains(one); });
        }
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

bool Inventory::State::is_taken(const OpenExchange& open) const {
    if (open.accepted) return true;
    if (open.kind == http::TextKind::websocket_message) return true;
    if (open.kind == http::TextKind::line) return open.sent.size() >= limits.calls_waiting_max;
    return open.status() != 0 && !open.refused() && !open.hearsay && !open.stored &&
           can_answer(open);
}

bool Inventory::State::can_answer(const OpenExchange& open) const {
    if (open.bare || open.status() == 202 || !session_id_of(open).empty()) return true;
    const std::string type = http::media_type(open.exchange->response->fields.find("content-type"));
    return type == "application/json" || type == "text/event-stream" ||
           (type.empty() && open.status() == 200);
}

void Inventory::State::take(OpenExchange& open, Batch<Record>& out) {
    if (open.refused() || open.stored) return;
    open.accepted = true;
    open.hearsay = false;
    decide(open, out);
}

void Inventory::State::decide(OpenExchange& open, Batch<Record>& out) {
    std::vector<Sent> sent = std::move(open.sent);
    open.sent.clear();
    open.asked.clear();
    const bool other_answer =
        open.status() != 0 && !open.refused() && !open.accepted && !can_answer(open);
    for (Sent& one : sent) {
        if (open.hearsay || open.stored || other_answer) one.evidence = {};  // opens no session
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
