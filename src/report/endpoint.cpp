// A small HTTP endpoint for scrapers.
#include "report/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace umbratap::report {

namespace {

using Clock = std::chrono::steady_clock;

struct Place {
    sockaddr_storage address{};
    socklen_t size = 0;
    std::string text;  ///< "127.0.0.1:9464"
};

Place read_place(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    std::string host = "127.0.0.1";
    if (colon != text.npos && colon > 0) host = text.substr(0, colon);
    if (host == "localhost") host = "127.0.0.1";
    const std::string port_text = colon == text.npos ? text : text.substr(colon + 1);
    const char* end = port_text.data() + port_text.size();
    std::uint16_t port = 0;
    const auto read = std::from_chars(port_text.data(), end, port);
    bool sound = !port_text.empty() && read.ec == std::errc() && read.ptr == end;
    Place place;
    place.text = host + ':' + port_text;
    if (host.starts_with('[') && host.ends_with(']')) {
        auto& ip = reinterpret_cast<sockaddr_in6&>(place.address);
        ip.sin6_family = AF_INET6;
        ip.sin6_port = htons(port);
        place.size = sizeof ip;
        host = host.substr(1, host.size() - 2);
        sound = sound && inet_pton(AF_INET6, host.c_str(), &ip.sin6_addr) == 1;
    } else {
        auto& ip = reinterpret_cast<sockaddr_in&>(place.address);
        ip.sin_family = AF_INET;
        ip.sin_port = htons(port);
        place.size = sizeof ip;
        sound = sound && inet_pton(AF_INET, host.c_str(), &ip.sin_addr) == 1;
    }
    if (!sound) {
        throw EndpointError("'" + text +
                            "' is no ADDRESS:PORT, such as 127.0.0.1:9464 or [::1]:9464");
    }
    return place;
}

Descriptor listen_on(const Place& place) {
    const auto complain = [&](int error) -> Descriptor {
        throw EndpointError("cannot listen on " + place.text + ": " + std::strerror(error) +
                            (error == EADDRINUSE ? "; is another umbratap running?" : ""));
    };
    Descriptor listener(
        socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
    if (listener.number() < 0) return complain(errno);
    const int yes = 1;
    setsockopt(listener.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const auto* address = reinterpret_cast<const sockaddr*>(&place.address);
    if (bind(listener.number(), address, place.size) != 0 || listen(listener.number(), 128) != 0)
        return complain(errno);
    return listener;
}

int port_of(const Descriptor& listener) {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    getsockname(listener.number(), reinterpret_cast<sockaddr*>(&bound), &size);
    return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(bound).sin_port);
}

/// A thread that is started meanwhile takes no signals: those are the main thread's.
class SignalsHeldBack {
public:
    SignalsHeldBack() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~SignalsHeldBack() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    SignalsHeldBack(const SignalsHeldBack&) = delete;
    SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;

private:
    sigset_t before_{};
};

std::string_view reason_of(int status) noexcept {
    switch (status) {
        case 200:
            return "OK";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 431:
            return "Request Header Fields Too Large";
        default:
            return "Service Unavailable";
    }
}

std::string head_of(const Answer& answer, std::size_t length) {
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
    head += reason_of(answer.status);
    head += "\r\nContent-Type: ";
    head += answer.type;
    head += "\r\nContent-Length: " + std::to_string(length) +
            "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
    head += answer.field;
    return head += "Connection: close\r\n\r\n";
}

struct Connection {
    Descriptor socket;
    Clock::time_point deadline;
    std::string request;
    std::string head;  ///< of the answer; empty while the request is being read
    std::shared_ptr<const std::string> body;
    std::size_t sent = 0;  ///< of head and body
    bool over = false;

    bool answers() const noexcept { return !head.empty(); }
};

/// The first line behind `text`, which is taken off; without its end.
std::string_view take_line(std::string_view& text) noexcept {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// RFC 9110, 5.5, and RFC 9112, 2.2: no line has these within.
bool has_forbidden(std::string_view line) noexcept {
    using namespace std::string_view_literals;
    return line.find_first_of("\r\0"sv) != line.npos;
}

std::string_view trimmed(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_field_named(std::string_view name, std::string_view wanted) noexcept {
    return name.size() == wanted.size() &&
           strncasecmp(name.data(), wanted.data(), wanted.size()) == 0;
}

}  // namespace

std::optional<Request> read_request(std::string_view head) noexcept {
    const std::string_view line = take_line(head);
    const std::size_t first = line.find(' '), last = line.rfind(' ');
    if (first == line.npos || first == 0 || last < first + 2 || has_forbidden(line)) return {};
    if (!line.substr(last + 1).starts_with("HTTP/1.")) return {};
    Request request;
    request.method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    if (target.front() != '/' || target.find(' ') != target.npos) return {};
    request.path = target.substr(0, target.find('?'));
    while (head.find('\n') != head.npos) {
        const std::string_view field = take_line(head);
        if (field.empty()) return request;
        const std::size_t colon = field.find(':');
        if (colon == field.npos || colon == 0 || has_forbidden(field)) return {};
        if (is_field_named(field.substr(0, colon), "authorization"))
            request.authorization = trimmed(field.substr(colon + 1));
    }
    return {};  // no empty line
}

struct Endpoint::State {
    const Answerer answerer;
    const EndpointLimits limits;
    Descriptor listener;
    Descriptor stop{eventfd(0, EFD_CLOEXEC)};
    const int port;
    std::vector<Connection> connections;  // in the order of their coming
    bool accepts = true;                  // false for a while where there are no descriptors left
    std::thread thread;

    State(const std::string& address, Answerer a, const EndpointLimits& l)
        : answerer(std::move(a)),
          limits(l),
          listener(listen_on(read_place(address))),
          port(port_of(listener)) {
        if (stop.number() < 0) throw EndpointError(std::strerror(errno));
        connections.reserve(limits.connections_max + 1);
        const SignalsHeldBack held_back;
        thread = std::thread([this] { serve(); });
    }

    ~State() {
        const std::uint64_t one = 1;
        if (write(stop.number(), &one, sizeof one) == sizeof one) thread.join();
    }

    void serve() {
        std::vector<pollfd> polled;
        while (true) {
            polled.assign({{stop.number(), POLLIN, 0}});
            polled.push_back({accepts ? listener.number() : -1, POLLIN, 0});
            for (const Connection& one : connections)
                polled.push_back(
                    {one.socket.number(), static_cast<short>(one.answers() ? POLLOUT : POLLIN), 0});
            poll(polled.data(), polled.size(), wait_milliseconds());
            if (polled[0].revents != 0) return;
            for (std::size_t i = 0; i < connections.size(); ++i) {
                Connection& connection = connections[i];
                if (polled[i + 2].revents != 0) go_on(connection);
                if (Clock::now() >= connection.deadline) connection.over = true;
            }
            std::erase_if(connections, [](const Connection& one) { return one.over; });
            if (!accepts || polled[1].revents != 0) accept_one();
        }
    }

    /// To the next deadline; for ever where there is none.
    int wait_milliseconds() const {
        if (!accepts) return 100;
        if (connections.empty()) return -1;
        // All have the same time, so the oldest connection's is over first.
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            connections.front().deadline - Clock::now());
        return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    }

    void accept_one() {
        Descriptor socket(
            accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        accepts = socket.number() >= 0 ||
                  (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM);
        if (socket.number() < 0) return;
        if (connections.size() >= limits.connections_max) connections.erase(connections.begin());
        Connection& connection = connections.emplace_back();
        connection.socket = std::move(socket);
        connection.deadline = Clock::now() + limits.wait_max;
        go_on(connection);
    }

    void go_on(Connection& connection) {
        if (!connection.answers()) receive(connection);
        if (connection.answers() && !connection.over) send_more(connection);
    }

    void receive(Connection& connection) {
        std::array<char, 2048> bytes;
        const ssize_t size = recv(connection.socket.number(), bytes.data(), bytes.size(), 0);
        if (size <= 0) {
            connection.over = size == 0 || (errno != EAGAIN && errno != EINTR);
            return;
        }
        std::string& request = connection.request;
        // The end may lie across two pieces.
        const std::size_t from = request.size() < 3 ? 0 : request.size() - 3;
        request.append(bytes.data(), static_cast<std::size_t>(size));
        std::size_t end = request.find("\r\n\r\n", from);
        if (end == request.npos) end = request.find("\n\n", from);
        if (end != request.npos) {
            answer(connection);
        } else if (request.size() > limits.request_bytes_max) {
            begin_answer(connection, {431, "text/plain; charset=utf-8", nullptr, ""}, false);
        }
    }

    void answer(Connection& connection) {
        const std::optional<Request> request = read_request(connection.request);
        if (!request) {
            begin_answer(connection, {400, "text/plain; charset=utf-8", nullptr, ""}, false);
        } else if (request->method != "GET" && request->method != "HEAD") {
            begin_answer(connection,
                         {405, "text/plain; charset=utf-8", nullptr, "Allow: GET, HEAD\r\n"},
                         false);
        } else {
            begin_answer(connection, answerer(*request), request->method == "HEAD");
        }
    }

    static void begin_answer(Connection& connection, Answer answer, bool head_only) {
        connection.head = head_of(answer, answer.body ? answer.body->size() : 0);
        if (!head_only) connection.body = std::move(answer.body);
        connection.request = {};
    }

    static void send_more(Connection& connection) {
        while (true) {
            const bool in_head = connection.sent < connection.head.size();
            const std::size_t at = connection.sent - (in_head ? 0 : connection.head.size());
            std::string_view left = in_head           ? std::string_view(connection.head)
                                    : connection.body ? std::string_view(*connection.body)
                                                      : std::string_view();
            left.remove_prefix(at);
            if (left.empty()) break;
            const ssize_t size =
                send(connection.socket.number(), left.data(), left.size(), MSG_NOSIGNAL);
            if (size < 0) {
                connection.over = errno != EAGAIN && errno != EINTR;
                return;
            }
            connection.sent += static_cast<std::size_t>(size);
        }
        connection.over = true;
    }
};

Endpoint::Endpoint(const std::string& address, Answerer answer, const EndpointLimits& limits)
    : state_(std::make_unique<State>(address, std::move(answer), limits)) {}

Endpoint::~Endpoint() = default;

int Endpoint::port() const noexcept {
    return state_->port;
}

}  // namespace umbratap::report
