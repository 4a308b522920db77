// Messages between the processes of a live run, which trust each other's words as little as they
// can: over a Unix socket that keeps messages apart. Long ones travel as sealed memory; a message
// may bring a descriptor along.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"

namespace umbratap::engine {

struct Message {
    char kind = 0;
    std::string body;
    Descriptor descriptor;
};

class Post {
public:
    Post() = default;
    explicit Post(Descriptor socket) : socket_(std::move(socket)) {}

    /// Two ends. Throws std::system_error.
    static std::pair<Post, Post> pair();

    /// Waits a second at most where the other side is behind. False if it did not take the message.
    bool send(char kind, std::string_view body = {}, int descriptor = -1) noexcept;
    /// The next message, without waiting; none where there is none, or the other side is gone.
    std::optional<Message> receive();
    bool gone() const noexcept { return gone_; }
    int descriptor() const noexcept { return socket_.number(); }

    static constexpr std::size_t body_bytes_max = 256 << 20;

private:
    Descriptor socket_;
    bool gone_ = false;
};

}  // namespace umbratap::engine
