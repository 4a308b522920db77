// Which response answers which request of an HTTP/1 connection.
//
// A response bears nothing that names its request: only the order pairs them. A hole may swallow
// heads, and then all later pairs would be shifted by one: arguments of one call beside the result
// of another. That is worse than no pair.
//
//  * Responses are doubtful after a hole that may have swallowed response heads. All requests
//  before are known, so if
//    exactly one is unanswered, the next response must be its own, and order is restored. Else
//    responses get exchanges of their own.
//  * Requests are doubtful after a hole that may have swallowed request heads; and after a response
//  that came although
//    no request was waiting, since then requests are late: the reassembler holds back what lies
//    behind a hole, while the other direction runs on. Such requests may have been answered already
//    when they arrive, so no response is given to them.
//  * Both doubts end with a request that comes in a packet of its own while no response is being
//  read, from a client
//    that was never seen to send a request before the last one was answered: such a client has had
//    all its answers. "In a packet of its own" means that nothing else happened to the requests in
//    the same packet: what a hole or a late segment held back comes all at once. From a client that
//    pipelines, doubts stay.
//  * A connection seen from its middle is not doubtful: the first response then answers a request
//  before our time, and
//    the next request is the first.
#include "http/exchanges.h"

#include <algorithm>

namespace umbratap::http {

Exchanges::Exchange* Exchanges::find(ExchangeId id) noexcept {
    const auto found =
        std::find_if(open_.rbegin(), open_.rend(), [&](const Exchange& e) { return e.id == id; });
    return found == open_.rend() ? nullptr : &*found;
}

Exchanges::Exchange* Exchanges::oldest_unanswered() noexcept {
    const auto found =
        std::find_if(open_.begin(), open_.end(), [](const Exchange& e) { return !e.answered; });
    return found == open_.end() ? nullptr : &*found;
}

std::size_t Exchanges::unanswered() const noexcept {
    return static_cast<std::size_t>(
        std::count_if(open_.begin(), open_.end(), [](const Exchange& e) { return !e.answered; }));
}

void Exchanges::tell_end(const Exchange& exchange, Turn& turn) {
    turn.out.emplace_back(ExchangeEnd{turn.chunk.time, turn.chunk.packet_number, exchange.id,
                                      exchange.request_bytes, exchange.response_bytes});
}

void Exchanges::end_if_over(ExchangeId id, Turn& turn) {
    const Exchange* exchange = find(id);
    if (exchange == nullptr || !exchange->request_over || !exchange->response_over) return;
    tell_end(*exchange, turn);
    open_.erase(open_.begin() + (exchange - open_.data()));
}

/// What is unanswered now will stay so.
void Exchanges::restore_order(Turn& turn) {
    for (std::size_t i = 0; i < open_.size();) {
        Exchange& exchange = open_[i];
        if (exchange.answered) {
            ++i;
            continue;
        }
        exchange.answered = exchange.response_over = true;
        const std::size_t before = open_.size();
        end_if_over(exchange.id, turn);
        if (open_.size() == before) ++i;
    }
    forgotten_ = 0;
    requests_doubtful_ = responses_doubtful_ = false;
}

void Exchanges::forget_oldest(Turn& turn) {
    if (!overflow_told_) turn.found(Problem{"http1.too_many_requests_waiting"});
    overflow_told_ = true;
    const Exchange* oldest = oldest_unanswered();
    tell_end(*oldest, turn);
    open_.erase(open_.begin() + (oldest - open_.data()));
    ++forgotten_;
}

ExchangeId Exchanges::begin_request(Answers answers, bool between_responses, Turn& turn) {
    const bool own_packet = turn.chunk.packet_number != last_packet_;
    last_packet_ = turn.chunk.packet_number;
    const std::size_t waiting = unanswered();
    if (requests_doubtful_ || responses_doubtful_) {
        if (own_packet && between_responses && !pipelines_) restore_order(turn);
    } else if (waiting > 0 && responses_seen_) {
        pipelines_ = true;
    }
    requests_seen_ = true;
    if (unanswered() >= waiting_max_ && waiting_max_ > 0) forget_oldest(turn);
    Exchange exchange;
    exchange.id = ++last_id_;
    exchange.answers = answers;
    exchange.answered = exchange.response_over = requests_doubtful_;
    open_.push_back(exchange);
    return exchange.id;
}

Exchanges::Answered Exchanges::begin_response() {
    responses_seen_ = true;
    const std::size_t waiting = unanswered();
    if (waiting == 0 && requests_seen_ && forgotten_ == 0) requests_doubtful_ = true;
    const bool certain = !requests_doubtful_ && forgotten_ == 0 &&
                         (responses_doubtful_ ? waiting == 1 : waiting > 0);
    if (!certain) {
        if (forgotten_ > 0) --forgotten_;
        return {begin_headless(), Answers::ordinary};
    }
    responses_doubtful_ = false;
    Exchange* exchange = oldest_unanswered();
    exchange->answered = true;
    return {exchange->id, exchange->answers};
}

ExchangeId Exchanges::begin_headless() {
    Exchange exchange;
    exchange.id = ++last_id_;
    exchange.answered = exchange.request_over = true;
    open_.push_back(exchange);
    return exchange.id;
}

void Exchanges::request_over(ExchangeId id, std::uint64_t bytes, Turn& turn) {
    last_packet_ = turn.chunk.packet_number;
    if (Exchange* exchange = find(id)) {
        exchange->request_over = true;
        exchange->request_bytes = bytes;
        end_if_over(id, turn);
    }
}

void Exchanges::response_over(ExchangeId id, std::uint64_t bytes, Turn& turn) {
    if (Exchange* exchange = find(id)) {
        exchange->response_over = true;
        exchange->response_bytes = bytes;
        end_if_over(id, turn);
    }
}

void Exchanges::switched(ExchangeId id) noexcept {
    if (Exchange* exchange = find(id)) exchange->request_over = false;
}

std::uint64_t Exchanges::release(ExchangeId id) noexcept {
    const Exchange* exchange = find(id);
    if (exchange == nullptr) return 0;
    const std::uint64_t bytes = exchange->request_bytes;
    open_.erase(open_.begin() + (exchange - open_.data()));
    return bytes;
}

void Exchanges::requests_lost(const Turn& turn) noexcept {
    requests_doubtful_ = true;
    last_packet_ = turn.chunk.packet_number;
}

void Exchanges::responses_lost() noexcept {
    responses_doubtful_ = true;
}

void Exchanges::end_all(Turn& turn) {
    for (const Exchange& exchange : open_) tell_end(exchange, turn);
    open_.clear();
}

}  // namespace umbratap::http
