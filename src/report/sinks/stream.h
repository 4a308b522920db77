// A connection to a receiver: TCP or a Unix socket, with or without TLS. Nothing here blocks for
// longer than it is told; what goes wrong is told as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "report/carrier.h"
#include "report/sinks/tls.h"

namespace umbratap::report {

/// Where a receiver is: a host and port, or the path of a Unix socket.
struct Endpoint {
    std::string host, port;
    std::string path;
};

/// A connected non-blocking socket of `type` (SOCK_STREAM, SOCK_DGRAM), or none and `trouble`.
Descriptor connect_socket(const Endpoint& endpoint, int type, const Patience& patience,
                          std::string& trouble);

class Stream {
public:
    /// `context` may be null: no TLS. Otherwise the receiver has to prove that it is `name`.
    Stream(Endpoint endpoint, TlsContext context, std::string name)
        : endpoint_(std::move(endpoint)), context_(std::move(context)), name_(std::move(name)) {}

    /// Empty where it went well.
    std::string connect(const Patience& patience);
    bool connected() const noexcept { return static_cast<bool>(socket_); }
    void disconnect() noexcept;

    /// Writes what goes at once; 0 and perhaps `trouble` otherwise.
    std::size_t write(std::string_view bytes, std::string& trouble) noexcept;
    /// Waits until more can be written.
    void wait_to_write(int milliseconds) const noexcept;
    /// Bytes that the receiver's system has not taken yet.
    std::size_t unacknowledged() const noexcept;
    /// Reads and forgets what the receiver says, a bounded part of it; `trouble` if it went away.
    void look(std::string& trouble) noexcept;
    /// Says that nothing more comes, and waits until the receiver has closed, too, which it does
    /// after it has read everything. False if it did not.
    bool end(const Patience& patience) noexcept;

private:
    std::string shake_hands(const Patience& patience);
    long read_some(char* into, std::size_t size, std::string& trouble) noexcept;

    Endpoint endpoint_;
    TlsContext context_;
    std::string name_;
    Descriptor socket_;
    Tls tls_;
};

}  // namespace umbratap::report
