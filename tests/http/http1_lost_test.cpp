// Holes and middles: http1_lost.cpp.
#include <doctest/doctest.h>

#include "http/conversation.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"y\":2}";
const std::string stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("http1 lost: a hole within a body of known length costs the text alone") {
    const std::vector<Said> conversation = {
        client("POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\n{\"x\":"), client_hole(10),
        client("12345" + get), server(ok), server(ok)};
    CHECK(seen(conversation) ==
          "> 1 POST / host=\n> 1 body {\"x\": (damaged)\n> 2 GET / host=h\n"
          "< 1 200\n< 1 body {\"y\":2}\n= 1 10 7\n< 2 200\n< 2 body {\"y\":2}\n= 2 0 7\n");
    CHECK(unseen_of(conversation).gap == 5);
}

TEST_CASE("http1 lost: a hole to the end of a body is followed by the next head") {
    CHECK(seen({client("POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\n{\"x\":"), client_hole(15),
                client(get), server(ok)}) ==
          "> 1 POST / host=\n> 1 body {\"x\": (damaged)\n> 2 GET / host=h\n< 1 200\n< 1 body "
          "{\"y\":2}\n= 1 5 7\n= 2 0 0\n");
}

TEST_CASE("http1 lost: a hole within one chunk costs the text alone") {
    CHECK(seen({client("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\na\r\n{\"x"),
                client_hole(5), client("}}\r\n0\r\n\r\n" + get)}) ==
          "> 1 POST / host=\n> 1 body {\"x (damaged)\n> 2 GET / host=h\n= 1 5 0\n= 2 0 0\n");
}

TEST_CASE("http1 lost: after a hole that may hide heads, the next head is found") {
    const std::vector<Said> conversation = {
        client("POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\n{\"x\""), client_hole(100),
        client("}rest\r\n\r\n" + get)};
    CHECK(seen(conversation) ==
          "> 1 POST / host=\n> 1 body {\"x\" (damaged)\n= 1 4 0\n> 2 GET / host=h\n= 2 0 0\n");
    CHECK(unseen_of(conversation).gap == 9);
}

TEST_CASE("http1 lost: a head is found behind a body without a line end") {
    CHECK(seen({client_hole(100), client("\"x\":1}" + get)}) == "> 1 GET / host=h\n= 1 0 0\n");
    CHECK(seen({server_hole(100), server("\"x\":1}" + ok)}) ==
          "< 1 200\n< 1 body {\"y\":2}\n= 1 0 7\n");
}

TEST_CASE("http1 lost: a head that a hole cuts is told in part") {
    CHECK(seen({client("GET /a HTTP/1.1\r\nHost: h\r\nCook"), client_hole(10),
                client("x: y\r\n\r\n" + get)}) ==
          "> 1 GET /a host=h partial\n= 1 0 0\n> 2 GET / host=h\n= 2 0 0\n");
}

TEST_CASE("http1 lost: after a hole, events go on behind the next blank line") {
    CHECK(seen({client(get), server(stream_head + "f\r\ndata: {\"y\":1}\n\n\r\n"), server_hole(3),
                server("ata: {\"y\":2}\n\n\r\nf\r\ndata: {\"y\":3}\n\n\r\n0\r\n\r\n" + ok)}) ==
          "> 1 GET / host=h\n< 1 200\n< 1 event |{\"y\":1}\n< 1 event |{\"y\":3}\n= 1 0 46\n< 2 "
          "200\n< 2 body {\"y\":2}\n= 2 0 7\n");
}

TEST_CASE("http1 lost: events that are seen from the middle, in chunks") {
    const std::vector<Said> conversation = {server("\"id\":7}\n\n\r\n1a\r\nevent: message\ndata: "
                                                   "{1}\n\n\r\n0b\r\ndata: {2}\n\n\r\n0\r\n\r\n" +
                                                   ok),
                                            client(get)};
    CHECK(seen(conversation) ==
          "< 1 event message|{1}\n< 1 event |{2}\n= 1 0 37\n< 2 200\n< 2 body {\"y\":2}\n= 2 0 7\n"
          "> 3 GET / host=h\n= 3 0 0\n");
    CHECK(unseen_of(conversation).midstream == 15);
}

TEST_CASE("http1 lost: events that are seen from the middle, without chunks") {
    CHECK(seen({server(":7}\n\ndata: {1}\n\nevent: message\ndata: {2}\n\n")}) ==
          "< 1 event |{1}\n< 1 event message|{2}\n= 1 0 37\n");
}

TEST_CASE("http1 lost: a chunk that lies over several segments is read from its middle") {
    CHECK(seen({server("data: {1}\n\n\r\n0b\r\ndata: {2}\n\n\r\n0\r\n\r\n" + ok)}) ==
          "< 1 event |{1}\n< 1 event |{2}\n= 1 0 24\n< 2 200\n< 2 body {\"y\":2}\n= 2 0 7\n");
}

TEST_CASE("http1 lost: a request seen from the middle of its body") {
    const std::vector<Said> conversation = {client("arguments\":{}}}" + get), server(ok)};
    CHECK(seen(conversation) == "> 1 GET / host=h\n< 1 200\n< 1 body {\"y\":2}\n= 1 0 7\n");
    CHECK(unseen_of(conversation).midstream == 15);
}

TEST_CASE("http1 lost: the directions were taken for each other") {
    Reading reading;
    reading.say(server(get)).say(client(ok));
    CHECK(reading.connection().reversed());
    CHECK(reading.seen() == "< 1 GET / host=h\n> 1 200\n> 1 body {\"y\":2}\n= 1 0 7\n");
}

TEST_CASE("http1 lost: an access log is no request") {
    CHECK(seen({client_hole(1),
                client("h - \"GET / HTTP/1.1\" 200\nGET / HTTP/1.1 is a request line\r\n" +
                       get)}) == "> 1 GET / host=h\n= 1 0 0\n");
}
