// Upgrades and tunnels: http1_switch.cpp.
#include <doctest/doctest.h>

#include "http/conversation.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

const std::string connect = "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n";
const std::string established = "HTTP/1.1 200 Connection established\r\n\r\n";
const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string upgrade =
    "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const std::string switched =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const std::string masked = std::string("\x81\x82\0\0\0\0{}", 8);

}  // namespace

TEST_CASE("http1 switch: what follows a CONNECT and its answer is tunnelled") {
    CHECK(seen({client(connect), server(established + "one"), client("two"), client_hole(5),
                client("three")}) ==
          "> 1 CONNECT h:443 host=h:443\n< 1 200\n> 1 tunnel two(missing 5)three(end)\n< 1 tunnel "
          "one(end)\n= 1 8 3\n");
}

TEST_CASE("http1 switch: what the client sends before the answer to CONNECT waits for it") {
    CHECK(seen({client(connect + "early"), server(established)}) ==
          "> 1 CONNECT h:443 host=h:443\n< 1 200\n> 1 tunnel early(end)\n< 1 tunnel (end)\n= 1 5 "
          "0\n");
}

TEST_CASE("http1 switch: after a refused CONNECT, HTTP goes on") {
    CHECK(seen({client(connect), server("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\n{}"),
                client(connect), server(established), client("x")}) ==
          "> 1 CONNECT h:443 host=h:443\n< 1 407\n< 1 body {}\n= 1 0 2\n"
          "> 2 CONNECT h:443 host=h:443\n< 2 200\n> 2 tunnel x(end)\n< 2 tunnel (end)\n= 2 1 0\n");
    CHECK(seen({client(connect + get), server("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")}) ==
          "> 1 CONNECT h:443 host=h:443\n< 1 407\n= 1 0 0\n> 2 GET / host=h\n= 2 0 0\n");
}

TEST_CASE("http1 switch: a CONNECT whose answer is not seen is taken for granted") {
    CHECK(seen({client(connect + "x")}) ==
          "> 1 CONNECT h:443 host=h:443\n> 1 tunnel x(end)\n= 1 1 0\n");
}

TEST_CASE("http1 switch: offsets in a tunnel count from its start, holes included") {
    Reading reading;
    reading.say(client(connect))
        .say(server(established))
        .say(client("abc"))
        .say(client_hole(4))
        .say(client("d"));
    CHECK(reading.connection().speech() == http::Speech::tunnel);
    CHECK(reading.last_tunnel_offset() == 7);
}

TEST_CASE("http1 switch: messages follow an upgrade to WebSocket, and belong to its exchange") {
    const std::vector<Said> conversation = {
        client(upgrade), server(switched + std::string("\x81\x02[]", 4)), client(masked)};
    CHECK(seen(conversation) ==
          "> 1 GET /ws host=h\n< 1 101\n< 1 message []\n> 1 message {}\n= 1 8 4\n");
    Reading reading;
    for (const Said& said : conversation) reading.say(said);
    CHECK(reading.connection().speech() == http::Speech::websocket);
}

TEST_CASE("http1 switch: an upgrade that is not seen to be accepted is taken for granted") {
    CHECK(seen({client(upgrade + masked)}) == "> 1 GET /ws host=h\n> 1 message {}\n= 1 8 0\n");
}

TEST_CASE("http1 switch: a refused upgrade changes nothing") {
    CHECK(seen({client(upgrade), server("HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n"),
                client(get)}) ==
          "> 1 GET /ws host=h\n< 1 400\n= 1 0 0\n> 2 GET / host=h\n= 2 0 0\n");
}

TEST_CASE("http1 switch: HTTP/2 after an upgrade is read as such") {
    Reading reading;
    reading.say(client("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n"))
        .say(server("HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n"));
    CHECK(reading.connection().speech() == http::Speech::http_2);
    CHECK(!reading.connection().deaf());
    reading.end();
    CHECK(reading.seen() == "> 1 GET / host=\n= 1 0 0\n");
}
