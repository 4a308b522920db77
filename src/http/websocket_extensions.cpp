// What a WebSocket handshake agreed on:
//
//     permessage-deflate; server_no_context_takeover; client_max_window_bits=12, other-extension
#include "http/websocket_extensions.h"

#include <algorithm>

namespace umbratap::http {

namespace {

/// Takes the next piece off the front of `list`, up to `separator` outside of quotes; without white
/// space around it.
std::string_view take_piece(std::string_view& list, char separator) noexcept {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < list.size() && (quoted || list[end] != separator); ++end) {
        if (list[end] == '"') quoted = !quoted;
    }
    std::string_view piece = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    const std::size_t first = piece.find_first_not_of(" \t");
    if (first == piece.npos) return {};
    return piece.substr(first, piece.find_last_not_of(" \t") - first + 1);
}

bool same_token(std::string_view a, std::string_view lower) noexcept {
    return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y;
    });
}

}  // namespace

WebSocketExtensions agreed_extensions(std::string_view response_header,
                                      Direction direction) noexcept {
    const bool of_client = direction == Direction::to_server;
    WebSocketExtensions agreed;
    while (!response_header.empty()) {
        std::string_view parameters = take_piece(response_header, ',');
        if (!same_token(take_piece(parameters, ';'), "permessage-deflate")) continue;
        agreed.deflate = true;
        while (!parameters.empty()) {
            std::string_view parameter = take_piece(parameters, ';');
            if (same_token(take_piece(parameter, '='),
                           of_client ? "client_no_context_takeover" : "server_no_context_takeover"))
                agreed.no_context_takeover = true;
        }
        break;
    }
    return agreed;
}

}  // namespace umbratap::http
