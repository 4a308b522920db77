// Which response answers which request: exchanges.cpp.
#include "http/exchanges.h"

#include <doctest/doctest.h>

#include "http/conversation.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

std::string get(char name) {
    return std::string("GET /") + name + " HTTP/1.1\r\n\r\n";
}
std::string ok(int status) {
    return "HTTP/1.1 " + std::to_string(status) + " OK\r\nContent-Length: 0\r\n\r\n";
}

}  // namespace

TEST_CASE("exchanges: a lost request does not get its answer paired with the next request") {
    CHECK(seen({client(get('a')), server(ok(201)), client_hole(20), server(ok(202)),
                client(get('c')), server(ok(203))}) ==
          "> 1 GET /a host=\n< 1 201\n= 1 0 0\n< 2 202\n= 2 0 0\n> 3 GET /c host=\n< 3 203\n= 3 0 "
          "0\n");
}

TEST_CASE("exchanges: requests that a hole held back are not paired with answers that come later") {
    // b was lost; c waited behind the hole while the answers to both came.
    Reading reading;
    reading.say(client(get('a'))).say(server(ok(201)));
    reading.say(server(ok(202))).say(server(ok(203)));
    const std::string c = get('c');
    Said hole = client_hole(20);
    hole.bytes = c;  // both in one packet
    reading.say(hole);
    reading.say(client(get('d'))).say(server(ok(204))).end();
    CHECK(reading.seen() ==
          "> 1 GET /a host=\n< 1 201\n= 1 0 0\n< 2 202\n= 2 0 0\n< 3 203\n= 3 0 0\n"
          "> 4 GET /c host=\n= 4 0 0\n> 5 GET /d host=\n< 5 204\n= 5 0 0\n");
}

TEST_CASE("exchanges: after lost responses, the one request that waits gets the next") {
    CHECK(seen({client(get('a')), server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
                server_hole(200), client(get('b')), server(ok(202)), client(get('c')),
                server(ok(203))}) ==
          "> 1 GET /a host=\n< 1 200\n< 1 body { (damaged)\n= 1 0 1\n> 2 GET /b host=\n< 2 202\n= "
          "2 0 0\n"
          "> 3 GET /c host=\n< 3 203\n= 3 0 0\n");
}

TEST_CASE("exchanges: after lost responses, several requests that wait get none") {
    CHECK(seen({client(get('a')), client(get('b')), server_hole(20), server(ok(202)),
                client(get('c')), server(ok(203))}) ==
          "> 1 GET /a host=\n> 2 GET /b host=\n< 3 202\n= 3 0 0\n= 1 0 0\n= 2 0 0\n> 4 GET /c "
          "host=\n< 4 203\n= 4 0 0\n");
}

TEST_CASE("exchanges: with a client that pipelines, doubts stay") {
    const std::string seen_after = seen({client(get('a')), server(ok(201)), client(get('b')),
                                         client(get('c')), server(ok(202)), server(ok(203)),
                                         client_hole(20), client(get('d')), server(ok(204))});
    CHECK(seen_after.ends_with("> 4 GET /d host=\n= 4 0 0\n< 5 204\n= 5 0 0\n"));
}

TEST_CASE("exchanges: a response from before our time is not paired with the first request") {
    CHECK(seen({server(ok(200)), client(get('a')), server(ok(201))}) ==
          "< 1 200\n= 1 0 0\n> 2 GET /a host=\n< 2 201\n= 2 0 0\n");
}
