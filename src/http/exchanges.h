// Which response answers which request of an HTTP/1 connection: the oldest that has none (RFC
// 9112, 9.3.2), as long as it is certain that no head was missed. See exchanges.cpp for what
// happens when it is not.
#pragma once

#include <vector>

#include "http/http1_head.h"
#include "http/turn.h"

namespace umbratap::http {

class Exchanges {
public:
    explicit Exchanges(const Limits& limits) noexcept : waiting_max_(limits.requests_waiting_max) {}

    /// A request head came. `between_responses`: no response is being read.
    ExchangeId begin_request(Answers answers, bool between_responses, Turn& turn);
    struct Answered {
        ExchangeId exchange = 0;
        Answers answers = Answers::ordinary;
    };
    /// The head of a final response (or of 101) came.
    Answered begin_response();
    /// A response that is read without its head.
    ExchangeId begin_headless();

    void request_over(ExchangeId exchange, std::uint64_t bytes, Turn& turn);
    void response_over(ExchangeId exchange, std::uint64_t bytes, Turn& turn);

    /// The exchange goes on in another protocol: both sides are over when the connection is.
    void switched(ExchangeId exchange) noexcept;

    /// Somebody else ends the exchange. The size of its request's body.
    std::uint64_t release(ExchangeId exchange) noexcept;
    ExchangeId last() const noexcept { return last_id_; }

    /// Heads of that side may have been missed.
    void requests_lost(const Turn& turn) noexcept;
    void responses_lost() noexcept;

    /// The connection is over: all that is left ends.
    void end_all(Turn& turn);

private:
    struct Exchange {
        ExchangeId id = 0;
        Answers answers = Answers::ordinary;
        bool request_over = false;
        bool answered = false;  // its response began, or will not be known
        bool response_over = false;
        std::uint64_t request_bytes = 0;
        std::uint64_t response_bytes = 0;
    };

    Exchange* find(ExchangeId id) noexcept;
    Exchange* oldest_unanswered() noexcept;
    std::size_t unanswered() const noexcept;
    void restore_order(Turn& turn);
    void forget_oldest(Turn& turn);
    void tell_end(const Exchange& exchange, Turn& turn);
    void end_if_over(ExchangeId id, Turn& turn);

    std::uint32_t waiting_max_;
    ExchangeId last_id_ = 0;
    std::vector<Exchange> open_;
    std::uint64_t forgotten_ = 0;  // requests that ended unanswered, whose responses may still come
    std::uint64_t last_packet_ = 0;  // in which something happened to the requests
    bool requests_doubtful_ = false;
    bool responses_doubtful_ = false;
    bool pipelines_ = false;
    bool requests_seen_ = false;
    bool responses_seen_ = false;
    bool overflow_told_ = false;
};

}  // namespace umbratap::http
