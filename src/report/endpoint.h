// A small HTTP endpoint for scrapers: one thread, few connections, one answer each.
//
// Who asks slowly, says nothing, or says nonsense costs a place for a few seconds; and where there
// is no place left, the connection that has waited longest goes. So no crowd of scrapers keeps
// another one out, or makes memory grow. Once it runs, the thread calls poll, accept4, recv, send,
// close, read of an eventfd and clock_gettime, and what malloc needs; it opens nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace umbratap::report {

class EndpointError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct EndpointLimits {
    std::size_t connections_max = 256;          ///< at a time
    std::size_t request_bytes_max = 8'192;      ///< of a request's head (RFC 9112, 2.1)
    std::chrono::milliseconds wait_max{5'000};  ///< from accept to the last byte of the answer
};

/// The head of one request, as far as anybody here asks for it. Views into the bytes read.
struct Request {
    std::string_view method, path;   ///< path: without query
    std::string_view authorization;  ///< value of that field; empty where there is none
};

/// Reads a request's head, which ends with an empty line (RFC 9112, 3 and 5). Unset if it is none.
std::optional<Request> read_request(std::string_view head) noexcept;

struct Answer {
    int status = 200;
    const char* type = "text/plain; charset=utf-8";
    std::shared_ptr<const std::string> body;
    const char* field = "";  ///< one more header field with its CRLF, or nothing
};

class Endpoint {
public:
    using Answerer = std::function<Answer(const Request&)>;

    /// Binds "ADDRESS:PORT" (an IP address, IPv6 in brackets, or "localhost"; "PORT" alone is
    /// 127.0.0.1) and serves. `answer` is called by the thread of the endpoint. Throws
    /// EndpointError (one line) if it cannot, e.g. because the address is in use.
    Endpoint(const std::string& address, Answerer answer, const EndpointLimits& limits = {});
    ~Endpoint();

    /// The port that is served: chosen by the system where 0 was asked for.
    int port() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::report
