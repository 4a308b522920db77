// Heads and texts of one connection become sightings.
//
// Almost no text is MCP. So a text is scanned before it is parsed, and an exchange is told of only
// once its heads spoke for MCP or a text of it was JSON-RPC (or if http events are wanted).
#include "engine/dialogue.h"

#include <algorithm>

#include "mcp/tokens.h"

namespace umbratap::engine {

using inventory::Exchange;
using inventory::Sighting;

namespace {

/// A request in absolute form went to a proxy (RFC 9112, 3.2.2).
std::optional<inventory::Proxy> proxy_of(const http::Head& request, const Surroundings& around) {
    if (around.proxy || request.method == "CONNECT" ||
        request.target.find("://") == std::string::npos || request.target.front() == '/') {
        return around.proxy;
    }
    return inventory::Proxy{around.flow->server, "http"};
}

/// Clients of MCP, like those of EventSource without a listener, hear no events but these.
bool is_heard(const http::Text& text) {
    return text.kind != http::TextKind::event || text.event_name.empty() ||
           text.event_name == "message";
}

}  // namespace

Dialogue::Open& Dialogue::open(http::ExchangeId id, const Surroundings& around) {
    auto [found, made] = open_.try_emplace(id);
    if (made) {
        auto exchange = std::make_shared<Exchange>();
        exchange->flow = around.flow;
        exchange->connection = around.connection;
        exchange->id = id;
        exchange->tls = around.tls;
        exchange->proxy = around.proxy;
        exchange->tunnel_authority = around.tunnel_authority;
        found->second.exchange = std::move(exchange);
        found->second.of_interest = tools_->wanted.http;
    }
    return found->second;
}

/// The exchange, for what became known of it: sightings that share it keep what they were told.
Exchange& Dialogue::unshared(Open& open) {
    if (open.exchange.use_count() > 1) open.exchange = std::make_shared<Exchange>(*open.exchange);
    return *open.exchange;
}

Problem Dialogue::push(http::Item&& item, const Surroundings& around, Batch<Sighting>& out) {
    return std::visit([&](auto&& one) { return on(std::move(one), around, out); }, std::move(item));
}

Problem Dialogue::on(http::Head&& head, const Surroundings& around, Batch<Sighting>& out) {
    Open& open = this->open(head.exchange, around);
    Exchange& exchange = unshared(open);
    if (head.is_request) {
        newest_ = head.exchange;
        exchange.proxy = proxy_of(head, around);
        exchange.request = std::make_shared<const http::Head>(std::move(head));
        if (!open.of_interest)
            open.of_interest =
                tools_->rules->rules.weigh(*exchange.request, nullptr).confidence > 0;
        return no_problem;
    }
    exchange.response = std::make_shared<const http::Head>(std::move(head));
    const http::Head& response = *exchange.response;
    detect::Evidence evidence;
    if (exchange.request) evidence = tools_->rules->rules.weigh(*exchange.request, &response);
    if (evidence.confidence > 0) open.of_interest = true;
    find_signs(open, response.time, response.packet_number, out);
    if (open.of_interest) {
        out.emplace_back(inventory::HeadSighting{open.exchange, response.time,
                                                 response.packet_number, std::move(evidence)});
    }
    return no_problem;
}

Problem Dialogue::on(const http::Text& text, const Surroundings& around, Batch<Sighting>& out) {
    // Another reading comes when its message is over: it belongs to the exchange that was begun
    // last.
    const bool late = text.alternate && text.exchange == 0 && open_.contains(newest_);
    Open& open = this->open(late ? newest_ : text.exchange, around);
    const http::Direction direction =
        around.reversed ? flow::opposite(text.direction) : text.direction;
    if (!text.first || !text.last) {
        scan_long_text(open, text, flow::index(direction), out);
        return no_problem;
    }
    const bool answer = direction == http::Direction::to_client;
    const detect::Surroundings weighed{open.exchange->request.get(),
                                       answer ? open.exchange->response.get() : nullptr, text.kind,
                                       text.event_name};
    find_mentions(open, text, direction, out);
    if (!tools_->scanner.perhaps(text.data)) {
        if (text.kind != http::TextKind::event || text.event_name != "endpoint") return no_problem;
        detect::Evidence evidence =
            tools_->rules->rules.weigh_event(text.event_name, as_text(text.data), weighed);
        if (evidence.confidence == 0) return no_problem;
        open.of_interest = true;
        out.emplace_back(inventory::EndpointSighting{open.exchange, text.time, text.packet_number,
                                                     std::string(as_text(text.data)),
                                                     std::move(evidence)});
        return no_problem;
    }
    tools_->messages.clear();
    Problem problem = tools_->decoder.decode(text.data, text.padded, tools_->messages);
    for (std::size_t number = 0; number < tools_->messages.size(); ++number) {
        mcp::Message& message = tools_->messages[number];
        detect::Evidence evidence;
        if (is_heard(text)) evidence = tools_->rules->rules.weigh(message, weighed);
        open.of_interest = true;
        const bool inspected =
            tools_->wanted.content && (evidence.confidence > 0 || message.method.empty());
        inventory::MessageSighting sighting;
        sighting.exchange = open.exchange;
        sighting.kind = text.kind;
        sighting.direction = direction;
        sighting.time = text.time;
        sighting.packet_number = text.packet_number;
        sighting.message = std::move(message);
        sighting.evidence = std::move(evidence);
        sighting.alternate = text.alternate;
        if (inspected) problem = problem.or_else(inspect(open, number, sighting));
        out.emplace_back(std::move(sighting));
    }
    return problem;
}

Problem Dialogue::inspect(Open& open, std::size_t number, inventory::MessageSighting& sighting) {
    Problem problem;
    const bool from_client = sighting.direction == http::Direction::to_server;
    if (from_client && open.exchange->request && !open.head_inspected) {
        open.head_inspected = true;
        problem = tools_->inspector.inspect(*open.exchange->request, sighting.findings);
    }
    const mcp::ReadableStrings& strings = tools_->decoder.strings(number);
    tools_->rules->evasions.find(sighting.message, strings,
                                 from_client ? open.exchange->request.get() : nullptr,
                                 sighting.findings);
    problem = problem.or_else(tools_->inspector.inspect(sighting.message, strings,
                                                        sighting.direction, sighting.findings));
    tools_->winnowing.read(strings, sighting.fingerprints);
    sighting.tokens =
        from_client ? mcp::tokens_of_arguments(strings) : mcp::tokens_of_result(strings);
    return problem;
}

void Dialogue::find_signs(Open& open, Time time, std::uint64_t packet_number,
                          Batch<Sighting>& out) {
    if (!tools_->wanted.content || !open.exchange->request) return;
    std::vector<std::uint16_t> signs;
    tools_->rules->rules.find_signs(*open.exchange->request, open.exchange->response.get(), signs);
    if (signs.empty()) return;
    open.has_sign = true;
    std::erase_if(signs,
                  [&](std::uint16_t sign) { return tools_->rules->rules.sign(sign).silent; });
    if (signs.empty()) return;
    out.emplace_back(inventory::SignSighting{open.exchange, time, packet_number, std::move(signs)});
}

void Dialogue::find_mentions(const Open& open, const http::Text& text, http::Direction direction,
                             Batch<Sighting>& out) {
    if (!tools_->wanted.content || text.alternate) return;
    if (direction == http::Direction::to_client && !open.has_sign) return;
    if (!detect::Mentions::Finder::perhaps(text.data)) return;
    std::vector<detect::Mention> mentions;
    tools_->mentions.find(text.data, direction, mentions);
    if (mentions.empty()) return;
    out.emplace_back(inventory::MentionSighting{open.exchange, text.time, text.packet_number,
                                                std::move(mentions)});
}

void Dialogue::scan_long_text(Open& open, const http::Text& text, std::size_t side,
                              Batch<Sighting>& out) {
    auto& stream = open.long_text[side];
    if (text.first || !stream) stream = tools_->scanner.open();
    if (stream && tools_->scanner.perhaps(*stream, text.data) && !open.long_text_told) {
        open.long_text_told = true;
        out.emplace_back(inventory::LongTextSighting{open.exchange, text.time, text.packet_number});
    }
    if (text.last) stream.reset();
}

Problem Dialogue::on(const http::ExchangeEnd& end, const Surroundings&, Batch<Sighting>& out) {
    const auto found = open_.find(end.exchange);
    if (found == open_.end()) return no_problem;
    const Exchange& exchange = *found->second.exchange;
    if (!exchange.response) find_signs(found->second, end.time, end.packet_number, out);
    if (const http::Head* head =
            exchange.request ? exchange.request.get() : exchange.response.get())
        ++tools_->exchange_counts[static_cast<std::size_t>(head->version)];
    if (found->second.of_interest) {
        out.emplace_back(inventory::ExchangeSighting{found->second.exchange, end.time,
                                                     end.packet_number, end.request_bytes,
                                                     end.response_bytes});
    }
    open_.erase(found);
    return no_problem;
}

void Dialogue::finish(const Surroundings& around, Time time, std::uint64_t packet_number,
                      Batch<Sighting>& out) {
    std::vector<http::ExchangeId> left;
    for (const auto& [id, open] : open_) left.push_back(id);
    std::sort(left.begin(), left.end());
    for (const http::ExchangeId id : left)
        on(http::ExchangeEnd{time, packet_number, id, 0, 0}, around, out);
}

}  // namespace umbratap::engine
