// The two ends of PCAP-over-IP: parsing tcp://HOST:PORT and connecting to it.
#include "capture/endpoint.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "capture/source.h"

namespace umbratap::capture {

namespace {

constexpr std::string_view scheme = "tcp://";
constexpr int connect_wait_max_ms = 10'000;

struct Endpoint {
    std::string host;
    std::string port;
};

/// HOST:PORT, [ADDRESS]:PORT.
Endpoint parse(const std::string& input) {
    std::string_view rest = std::string_view(input).substr(scheme.size());
    if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
    const std::size_t colon = rest.rfind(':');
    Endpoint endpoint;
    if (colon != rest.npos) {
        endpoint.host = rest.substr(0, colon);
        endpoint.port = rest.substr(colon + 1);
    }
    std::string& host = endpoint.host;
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    const std::string& port = endpoint.port;
    const bool is_port =
        !port.empty() && port.size() <= 5 &&
        std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
        std::stoi(port) >= 1 && std::stoi(port) <= 65535;
    if (host.empty() || !is_port || host.find_first_of(bracketed ? "[]" : "[]:") != host.npos) {
        throw InputError(input +
                         ": expected tcp://HOST:PORT; an IPv6 address stands in brackets, as in "
                         "tcp://[::1]:57012");
    }
    return endpoint;
}

/// 0, or what went wrong.
int connect_one(const addrinfo& address, Descriptor& connection) {
    Descriptor socket(::socket(address.ai_family,
                               address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                               address.ai_protocol));
    if (!socket) return errno;
    if (connect(socket.number(), address.ai_addr, address.ai_addrlen) != 0) {
        if (errno != EINPROGRESS) return errno;
        pollfd ready{socket.number(), POLLOUT, 0};
        const int count = poll(&ready, 1, connect_wait_max_ms);
        if (count < 0) return errno;
        if (count == 0) return ETIMEDOUT;
        int wrong = 0;
        socklen_t size = sizeof wrong;
        if (getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &wrong, &size) != 0) return errno;
        if (wrong != 0) return wrong;
    }
    connection = std::move(socket);
    return 0;
}

}  // namespace

bool is_endpoint(std::string_view input) noexcept {
    return input.starts_with(scheme);
}

Descriptor connect_to(const std::string& input) {
    const Endpoint endpoint = parse(input);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int lookup = getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found);
    if (lookup != 0) {
        throw InputError(input + ": cannot find " + endpoint.host + ": " + gai_strerror(lookup) +
                         "; check the name");
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
    Descriptor connection;
    int wrong = 0;
    for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
        wrong = connect_one(*address, connection);
        if (wrong == 0) return connection;
    }
    throw InputError(input + ": cannot connect: " + std::strerror(wrong) +
                     "; is a PCAP-over-IP server listening there?");
}

}  // namespace umbratap::capture
