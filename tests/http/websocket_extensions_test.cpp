#include "http/websocket_extensions.h"

#include <doctest/doctest.h>

#include <string>

using namespace umbratap::http;

TEST_CASE("websocket: which extensions were agreed on") {
    const auto agreed = [](std::string_view header, Direction direction) {
        const WebSocketExtensions is = agreed_extensions(header, direction);
        return std::to_string(is.deflate) + std::to_string(is.no_context_takeover);
    };
    constexpr auto up = Direction::to_server, down = Direction::to_client;
    CHECK(agreed("", up) == "00");
    CHECK(agreed("permessage-deflate", up) == "10");
    CHECK(agreed("x-foo; a=1, Permessage-Deflate ; server_no_context_takeover", down) == "11");
    CHECK(agreed("permessage-deflate; server_no_context_takeover", up) == "10");
    CHECK(agreed("permessage-deflate;client_max_window_bits=10;server_max_window_bits=\"12\"",
                 up) == "10");
    CHECK(agreed("permessage-deflate;client_max_window_bits=10;server_max_window_bits=\"12\"",
                 down) == "10");
    CHECK(agreed("permessage-deflate; client_max_window_bits; client_no_context_takeover", up) ==
          "11");
    CHECK(agreed("permessage-deflate; client_max_window_bits=7", up) == "10");
    CHECK(agreed("permessage-deflate; client_max_window_bits=99999999999", up) == "10");
    CHECK(agreed("foo; x=\"a, permessage-deflate\"", up) == "00");
    CHECK(agreed("permessage-deflated, \"", up) == "00");
}
