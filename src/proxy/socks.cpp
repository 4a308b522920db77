// SOCKS 5, 4 and 4a.
//
// The bytes of a side are kept until its handshake is whole, and read from their beginning each
// time more of them came: there are a thousand at most, and reading them is a few steps.
#include "proxy/socks.h"

#include <arpa/inet.h>

#include <algorithm>

namespace umbratap::proxy {

using flow::Direction;
using flow::StreamChunk;

namespace {

enum : std::uint8_t { connect_command = 1, bind_command = 2, associate_command = 3 };
enum : std::uint8_t { no_authentication = 0, password = 2, no_method = 0xff };
enum : std::uint8_t { ipv4_address = 1, host_name = 3, ipv6_address = 4 };
constexpr std::uint8_t granted = 0, granted_4 = 90, last_reply_4 = 93;

constexpr Problem command_not_read{"socks.command_not_read"};

/// How long an address with its port is that begins at `at`: 0 if more bytes are needed to know it.
struct Extent {
    std::size_t bytes = 0;
    bool known_kind = true;
};

Extent extent_of_address(Bytes start, std::size_t at) noexcept {
    if (start.size() <= at) return {};
    switch (start[at]) {
        case ipv4_address:
            return {1 + 4 + 2};
        case ipv6_address:
            return {1 + 16 + 2};
        case host_name:
            return {start.size() <= at + 1 ? std::size_t{0} : 2U + start[at + 1] + 2U};
        default:
            return {0, false};
    }
}

std::string text_of_address(int family, const std::uint8_t* octets) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(family, octets, text.data(), text.size());
    return family == AF_INET ? text.data() : '[' + std::string(text.data()) + ']';
}

std::string text_of_name(Bytes name) {
    std::string out;
    for (const std::uint8_t c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c >= 0x80;
        if (plain) {
            out += static_cast<char>(c);
            continue;
        }
        out += '\\';
        for (const int place : {100, 10, 1}) out += static_cast<char>('0' + c / place % 10);
    }
    return out;
}

std::string with_port(std::string host, std::uint16_t port) {
    return host + ':' + std::to_string(port);
}

}  // namespace

bool looks_like_socks(Bytes start, Direction direction) noexcept {
    if (start.empty()) return false;
    const std::uint8_t second = start.size() > 1 ? start[1] : std::uint8_t{granted_4};
    if (direction == Direction::to_client)
        return start[0] == 5 || (start[0] == 0 && second >= granted_4 && second <= last_reply_4);
    if (start[0] == 5) return second != 0;
    return start[0] == 4 &&
           (start.size() == 1 || second == connect_command || second == bind_command);
}

Problem Socks::push(const StreamChunk& chunk, Batch<StreamChunk>& inside) noexcept {
    if (state_ != State::following) return no_problem;
    Side& side = sides_[index(chunk.direction)];
    if (!side.inside) return push_handshake(side, chunk, inside);
    if (chunk.offset < side.inside_at) return no_problem;  // another reading of the handshake
    inside.push_back(chunk);
    inside.back().offset -= side.inside_at;
    return no_problem;
}

Problem Socks::push_handshake(Side& side, const StreamChunk& chunk,
                              Batch<StreamChunk>& inside) noexcept {
    if (chunk.alternate) return no_problem;
    if (chunk.missing > 0) return end(State::lost, Problem{"socks.gap_in_handshake"});
    const std::size_t before = side.start.size();
    const std::size_t taken = std::min(chunk.data.size(), handshake_bytes_max - before);
    if (!side.start.append(chunk.data.first(taken), handshake_bytes_max))
        return end(State::no_budget, Problem{"socks.budget_used_up"});
    const Bytes start = side.start.bytes();
    Reading reading =
        chunk.direction == Direction::to_server ? read_client(start) : read_server(start);
    if (reading.state != State::following) return end(reading.state, reading.problem);
    if (reading.end == 0) {
        if (start.size() < handshake_bytes_max) return no_problem;
        reading = broken();
        return end(reading.state, reading.problem);
    }
    side.inside = true;
    side.inside_at = chunk.offset + (reading.end - before);
    side.start.clear();
    StreamChunk rest = chunk;
    rest.data = chunk.data.subspan(reading.end - before);
    rest.offset = 0;
    if (!rest.data.empty() || rest.end) inside.push_back(rest);
    return no_problem;
}

/// The client's side: greeting, perhaps a password, request.
Socks::Reading Socks::read_client(Bytes start) noexcept {
    Side& side = sides_[index(Direction::to_server)];
    if (start.empty()) return {};
    if (start[0] == 4) return read_client_4(start);
    if (start[0] != 5) return broken();
    if (start.size() < 2 || start.size() < 2U + start[1]) return {};
    if (start[1] == 0) return broken();
    side.greeted = true;
    version_ = 5;
    std::size_t at = 2U + start[1];
    if (start.size() > at && start[at] == 1) {
        const std::size_t name_at = at + 1;
        if (start.size() <= name_at) return {};
        const std::size_t password_at = name_at + 1 + start[name_at];
        if (start.size() <= password_at) return {};
        at = password_at + 1 + start[password_at];
    }
    return read_request(start, at);
}

Socks::Reading Socks::read_request(Bytes start, std::size_t at) noexcept {
    if (start.size() <= at) return {};
    if (start[at] != 5) return broken();
    if (start.size() < at + 4) return {};
    if (start[at + 1] != connect_command) return {0, State::not_read, command_not_read};
    const std::size_t address_at = at + 3;
    const auto [bytes, known_kind] = extent_of_address(start, address_at);
    if (!known_kind) return broken();
    if (bytes == 0 || start.size() < address_at + bytes) return {};
    const Bytes address = start.subspan(address_at, bytes);
    const std::uint16_t port = big_endian_16(&address[bytes - 2]);
    authority_ = with_port(address[0] == host_name ? text_of_name(address.subspan(2, bytes - 4))
                           : address[0] == ipv4_address ? text_of_address(AF_INET, &address[1])
                                                        : text_of_address(AF_INET6, &address[1]),
                           port);
    return {address_at + bytes};
}

Socks::Reading Socks::read_client_4(Bytes start) noexcept {
    constexpr std::size_t user_at = 8;
    if (start.size() < user_at) return {};
    sides_[index(Direction::to_server)].greeted = true;
    version_ = 4;
    if (start[1] != connect_command) return {0, State::not_read, command_not_read};
    const auto end_of_text = [&](std::size_t at) {
        const auto zero =
            std::find(start.begin() + static_cast<std::ptrdiff_t>(at), start.end(), 0);
        return static_cast<std::size_t>(zero - start.begin());
    };
    const std::uint16_t port = big_endian_16(&start[2]);
    std::size_t last = end_of_text(user_at);
    if (last == start.size()) return {};
    const bool names_host = big_endian_24(&start[4]) == 0 && start[7] != 0;  // 4a
    const std::size_t host_at = last + 1;
    if (names_host) last = end_of_text(host_at);
    if (last == start.size()) return {};
    authority_ = with_port(names_host ? text_of_name(start.subspan(host_at, last - host_at))
                                      : text_of_address(AF_INET, &start[4]),
                           port);
    return {last + 1};
}

/// The server's side: choice of a method, perhaps what it says of a password, reply.
Socks::Reading Socks::read_server(Bytes start) noexcept {
    if (start.size() < 2) return {};
    if (start[0] != 0 && start[0] != 5) return broken();
    sides_[index(Direction::to_client)].greeted = true;
    if (version_ == 0) version_ = start[0] == 5 ? 5 : 4;
    if (start[0] == 0) {
        if (start[1] != granted_4) return {0, State::refused, {}};
        return {start.size() < 8 ? std::size_t{0} : std::size_t{8}};
    }
    std::size_t at = 2;
    if (start[1] == no_method) return {0, State::refused, {}};
    if (start[1] == password) {
        if (start.size() < at + 2) return {};
        if (start[at + 1] != granted) return {0, State::refused, {}};
        at += 2;
    } else if (start[1] != no_authentication) {
        return {0, State::not_read, Problem{"socks.method_not_read"}};
    }
    if (start.size() < at + 4) return {};
    if (start[at] != 5) return broken();
    if (start[at + 1] != granted) return {0, State::refused, {}};
    const auto [bytes, known_kind] = extent_of_address(start, at + 3);
    if (!known_kind) return broken();
    if (bytes == 0 || start.size() < at + 3 + bytes) return {};
    return {at + 3 + bytes};
}

Socks::Reading Socks::broken() const noexcept {
    const bool was_socks = sides_[0].greeted && sides_[1].greeted;
    return {0, State::broken, was_socks ? Problem{"socks.bad_message"} : no_problem};
}

Problem Socks::end(State state, Problem problem) noexcept {
    state_ = state;
    for (Side& side : sides_) side.start.clear();
    return problem;
}

}  // namespace umbratap::proxy
