// A connection to a receiver.
#include "report/sinks/stream.h"

#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace umbratap::report {

namespace {

using Clock = Patience::Clock;

constexpr std::chrono::seconds connect_wait_max{10};
constexpr int send_buffer_bytes = 256 << 10;
constexpr std::size_t read_bytes_max = 64 << 10;  // of what a receiver says at a time

/// Waits until `events` happen; false where that took too long.
bool wait_for(int socket, short events, Clock::time_point deadline, const Patience& patience) {
    while (Clock::now() < deadline && !patience.over()) {
        pollfd ready{socket, events, 0};
        const int count = poll(&ready, 1, patience.slice());
        if (count > 0) return true;
        if (count < 0 && errno != EINTR) return false;
    }
    errno = ETIMEDOUT;
    return false;
}

/// Connects; errno says why not.
bool connect_to(int socket, const sockaddr* address, socklen_t size, const Patience& patience) {
    if (::connect(socket, address, size) == 0) return true;
    if (errno != EINPROGRESS) return false;
    if (!wait_for(socket, POLLOUT, Clock::now() + connect_wait_max, patience)) return false;
    int error = 0;
    socklen_t error_size = sizeof error;
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &error_size);
    errno = error;
    return error == 0;
}

Descriptor connect_path(const std::string& path, int type, const Patience& patience,
                        std::string& trouble) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
    Descriptor socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (connect_to(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address,
                   patience))
        return socket;
    trouble = std::strerror(errno);
    return {};
}

}  // namespace

Descriptor connect_socket(const Endpoint& endpoint, int type, const Patience& patience,
                          std::string& trouble) {
    if (!endpoint.path.empty()) return connect_path(endpoint.path, type, patience, trouble);
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = type;
    const int error = getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found);
    if (error != 0) {
        trouble = gai_strerror(error);
        return {};
    }
    Descriptor result;
    for (const addrinfo* at = found; at != nullptr && !result; at = at->ai_next) {
        Descriptor socket(::socket(at->ai_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (connect_to(socket.number(), at->ai_addr, at->ai_addrlen, patience)) {
            result = std::move(socket);
        } else {
            trouble = std::strerror(errno);
        }
    }
    freeaddrinfo(found);
    return result;
}

std::string Stream::connect(const Patience& patience) {
    std::string trouble;
    socket_ = connect_socket(endpoint_, SOCK_STREAM, patience, trouble);
    if (!socket_) return trouble;
    // Little waits in the system, where it cannot be had back.
    setsockopt(socket_.number(), SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes,
               sizeof send_buffer_bytes);
    const int yes = 1;
    setsockopt(socket_.number(), SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    if (!context_) return {};
    trouble = shake_hands(patience);
    if (!trouble.empty()) disconnect();
    return trouble;
}

std::string Stream::shake_hands(const Patience& patience) {
    tls_ = make_tls(context_.get(), socket_.number(), name_);
    if (!tls_) return "TLS: out of memory";
    const auto deadline = Clock::now() + connect_wait_max;
    for (;;) {
        errno = 0;
        const int result = SSL_do_handshake(tls_.get());
        if (result == 1) return {};
        const int error = SSL_get_error(tls_.get(), result);
        const short events = error == SSL_ERROR_WANT_READ    ? POLLIN
                             : error == SSL_ERROR_WANT_WRITE ? POLLOUT
                                                             : 0;
        if (events == 0) return tls_trouble(tls_.get(), result);
        if (!wait_for(socket_.number(), events, deadline, patience))
            return "TLS: the receiver does not answer";
    }
}

void Stream::disconnect() noexcept {
    tls_.reset();
    socket_ = Descriptor();
}

std::size_t Stream::write(std::string_view bytes, std::string& trouble) noexcept {
    if (tls_) {
        errno = 0;
        const int size = static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20));
        const int result = SSL_write(tls_.get(), bytes.data(), size);
        if (result > 0) return static_cast<std::size_t>(result);
        const int error = SSL_get_error(tls_.get(), result);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            trouble = tls_trouble(tls_.get(), result);
        return 0;
    }
    const ssize_t sent = send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno != EAGAIN && errno != EINTR) trouble = std::strerror(errno);
    return 0;
}

void Stream::wait_to_write(int milliseconds) const noexcept {
    pollfd ready{socket_.number(), POLLOUT, 0};
    poll(&ready, 1, milliseconds);
}

std::size_t Stream::unacknowledged() const noexcept {
    int bytes = 0;
    if (ioctl(socket_.number(), SIOCOUTQ, &bytes) != 0 || bytes < 0) return 0;
    return static_cast<std::size_t>(bytes);
}

/// Like recv(): 0 at the end, -1 where nothing has come, or with `trouble`.
long Stream::read_some(char* into, std::size_t size, std::string& trouble) noexcept {
    if (tls_) {
        errno = 0;
        const int result = SSL_read(tls_.get(), into, static_cast<int>(size));
        if (result > 0) return result;
        const int error = SSL_get_error(tls_.get(), result);
        if (error == SSL_ERROR_ZERO_RETURN) return 0;
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            trouble = tls_trouble(tls_.get(), result);
        return -1;
    }
    const ssize_t got = recv(socket_.number(), into, size, 0);
    if (got < 0 && errno != EAGAIN && errno != EINTR) trouble = std::strerror(errno);
    return got;
}

void Stream::look(std::string& trouble) noexcept {
    char junk[4096];
    for (std::size_t total = 0; total < read_bytes_max;) {
        const long got = read_some(junk, sizeof junk, trouble);
        if (got == 0) trouble = "the receiver closed the connection";
        if (got <= 0) return;
        total += static_cast<std::size_t>(got);
    }
}

bool Stream::end(const Patience& patience) noexcept {
    if (tls_) SSL_shutdown(tls_.get());
    shutdown(socket_.number(), SHUT_WR);
    const auto deadline = Clock::now() + std::chrono::seconds(5);
    char junk[4096];
    std::string trouble;
    while (wait_for(socket_.number(), POLLIN, deadline, patience)) {
        const long got = read_some(junk, sizeof junk, trouble);
        if (got == 0) return true;
        if (!trouble.empty()) return false;
    }
    return false;
}

}  // namespace umbratap::report
