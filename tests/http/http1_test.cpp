#include "http/http1.h"

#include <doctest/doctest.h>

#include "http/conversation.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string post = "POST /mcp HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n{\"x\":1}";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"y\":2}";

}  // namespace

TEST_CASE("http1: requests and responses with a length become heads, texts and ends") {
    CHECK(seen({client(post), server(ok)}) ==
          "> 1 POST /mcp host=h\n> 1 body {\"x\":1}\n< 1 200\n< 1 body {\"y\":2}\n= 1 7 7\n");
}

TEST_CASE("http1: a body in chunks is one text, and extensions and trailers are passed over") {
    CHECK(seen({client("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3;x=\"y\"\r\n{\"x\r\n04 \r\n\":1}\r\n0\r\nTrailer: {\r\n\r\n" +
                       get)}) ==
          "> 1 POST / host=h\n> 1 body {\"x\":1}\n> 2 GET / host=h\n= 1 7 0\n= 2 0 0\n");
}

TEST_CASE("http1: keep-alive and pipelined requests are paired in their order") {
    CHECK(seen({client(get + post + get), server(ok + ok), server(ok), client(get), server(ok)}) ==
          "> 1 GET / host=h\n> 2 POST /mcp host=h\n> 2 body {\"x\":1}\n> 3 GET / host=h\n"
          "< 1 200\n< 1 body {\"y\":2}\n= 1 0 7\n< 2 200\n< 2 body {\"y\":2}\n= 2 7 7\n"
          "< 3 200\n< 3 body {\"y\":2}\n= 3 0 7\n> 4 GET / host=h\n< 4 200\n< 4 body {\"y\":2}\n= "
          "4 0 7\n");
}

TEST_CASE("http1: interim responses are not told, and the final one is") {
    CHECK(seen({client(post),
                server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                       ok)}) ==
          "> 1 POST /mcp host=h\n> 1 body {\"x\":1}\n< 1 200\n< 1 body {\"y\":2}\n= 1 7 7\n");
}

TEST_CASE("http1: 204, 304 and answers to HEAD have no body, whatever their fields say") {
    const std::string fields = "Content-Length: 100\r\n\r\n";
    CHECK(
        seen({client("HEAD / HTTP/1.1\r\n\r\n" + get + get), server("HTTP/1.1 200 OK\r\n" + fields),
              server("HTTP/1.1 204 No Content\r\n" + fields),
              server("HTTP/1.1 304 Not Modified\r\n" + fields)}) ==
        "> 1 HEAD / host=\n> 2 GET / host=h\n> 3 GET / host=h\n< 1 200\n= 1 0 0\n< 2 204\n= 2 0 "
        "0\n< 3 304\n= 3 0 0\n");
}

TEST_CASE("http1: a response without a length goes to the end of the connection") {
    CHECK(seen({client("GET / HTTP/1.0\r\n\r\n"), server("HTTP/1.0 200 OK\r\n\r\n{\"y\":"),
                server("2}")}) ==
          "> 1 GET / host= 1.0\n< 1 200 1.0\n< 1 body {\"y\":2}\n= 1 0 7\n");
}

TEST_CASE("http1: an early response does not end an exchange whose request goes on") {
    CHECK(seen({client("POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\n{\"x"), server(ok),
                client("\":1}")}) ==
          "> 1 POST / host=\n< 1 200\n< 1 body {\"y\":2}\n> 1 body {\"x\":1}\n= 1 7 7\n");
}

TEST_CASE("http1: of an absolute target the authority counts, and the target stays as sent") {
    Reading reading;
    reading.say(client("GET http://u@a.example:8080/p?q HTTP/1.1\r\nHost: b\r\n\r\n"));
    CHECK(reading.seen() == "> 1 GET http://u@a.example:8080/p?q host=a.example:8080\n");
}

TEST_CASE("http1: bodies that cannot be messages are skipped and counted") {
    const std::vector<Said> conversation = {
        client(get), server("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                            "9\r\n\r\n\x89PNG{\"x\":")};
    CHECK(seen(conversation) == "> 1 GET / host=h\n< 1 200\n= 1 0 9\n");
    CHECK(unseen_of(conversation).shunted == 9);
}

TEST_CASE("http1: a content type does not hide JSON") {
    CHECK(seen({client(get), server("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: "
                                    "7\r\n\r\n{\"y\":2}")}) ==
          "> 1 GET / host=h\n< 1 200\n< 1 body {\"y\":2}\n= 1 0 7\n");
}

TEST_CASE("http1: events are told as they arrive, in chunks") {
    Reading reading;
    reading.say(client(get));
    reading.say(server(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        "f\r\ndata: {\"y\":1}\n\n\r\n"));
    CHECK(reading.seen() == "> 1 GET / host=h\n< 1 200\n< 1 event |{\"y\":1}\n");
    reading.say(server("6\r\ndata: \r\n"));
    reading.say(server("4\r\n{2}\n\r\n1\r\n\n\r\n0\r\n\r\n"));
    CHECK(reading.seen() ==
          "> 1 GET / host=h\n< 1 200\n< 1 event |{\"y\":1}\n< 1 event |{2}\n= 1 0 26\n");
}

TEST_CASE("http1: events are read whatever their content type, unless the body is JSON") {
    CHECK(seen({client(get), server("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nevent: "
                                    "endpoint\ndata: /m\n\n")}) ==
          "> 1 GET / host=h\n< 1 200\n< 1 event endpoint|/m\n= 1 0 26\n");
    CHECK(seen({client(get),
                server("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n{\"y\":2}")}) ==
          "> 1 GET / host=h\n< 1 200\n< 1 body {\"y\":2}\n= 1 0 7\n");
}

TEST_CASE("http1: requests alone end with the connection") {
    CHECK(seen({client(get + post)}) ==
          "> 1 GET / host=h\n> 2 POST /mcp host=h\n> 2 body {\"x\":1}\n= 1 0 0\n= 2 7 0\n");
}

TEST_CASE("http1: responses alone have exchanges of their own") {
    CHECK(seen({server(ok + ok)}) ==
          "< 1 200\n< 1 body {\"y\":2}\n= 1 0 7\n< 2 200\n< 2 body {\"y\":2}\n= 2 0 7\n");
}

TEST_CASE("http1: a body that the end cuts off is damaged") {
    CHECK(seen({client("POST / HTTP/1.1\r\nContent-Length: 70\r\n\r\n{\"x\"")}) ==
          "> 1 POST / host=\n> 1 body {\"x\" (damaged)\n= 1 4 0\n");
}

TEST_CASE("http1: blank lines before a head are ignored") {
    CHECK(seen({client(get + "\r\n\n\r\n" + get)}) ==
          "> 1 GET / host=h\n> 2 GET / host=h\n= 1 0 0\n= 2 0 0\n");
    CHECK(problem_of({client(get + "\r\n" + get)}) == "");
}

TEST_CASE("http1: chunks win over Content-Length, and the bytes as sent are handed on, too") {
    const std::vector<Said> conversation = {
        client("POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: "
               "chunked\r\n\r\n7\r\n{\"x\":1}\r\n0\r\n\r\n" +
               get)};
    CHECK(seen(conversation) ==
          "> 1 POST / host=\n> 1 body {\"x\":1}\n> 1 body {\"x\":1}\r\n0\r\n\r\n (alternate)\n> 2 "
          "GET / host=h\n= 1 7 0\n= 2 0 0\n");
    CHECK(problem_of(conversation) == "http1.conflicting_lengths");
}

TEST_CASE("http1: of several lengths the largest is read") {
    const std::vector<Said> conversation = {
        client("POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 7\r\n\r\n{\"x\":1}" + get)};
    CHECK(seen(conversation) ==
          "> 1 POST / host=\n> 1 body {\"x\":1}\n> 1 body {\"x\":1} (alternate)\n> 2 GET / "
          "host=h\n= 1 7 0\n= 2 0 0\n");
    CHECK(problem_of(conversation) == "http1.conflicting_lengths");
}

TEST_CASE("http1: what says it is chunked and is not is read by its length") {
    const std::vector<Said> conversation = {client(
        "POST / HTTP/1.1\r\nContent-Length: 7\r\nTransfer-Encoding: xchunked\r\n\r\n{\"x\":1}" +
        get)};
    CHECK(seen(conversation) ==
          "> 1 POST / host=\n> 1 body {\"x\":1}\n> 2 GET / host=h\n= 1 7 0\n= 2 0 0\n");
    CHECK(problem_of(conversation) == "http1.strange_transfer_encoding");
}

TEST_CASE("http1: a chunk that is none costs the message, and the next head is found") {
    const std::vector<Said> conversation = {
        client("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nnonsense\r\n" +
               get + get),
        server(ok)};
    CHECK(seen(conversation) ==
          "> 1 POST / host=\n> 1 body {} (damaged)\n> 2 GET / host=h\n= 2 0 0\n"
          "> 3 GET / host=h\n= 3 0 0\n< 4 200\n< 4 body {\"y\":2}\n= 4 0 7\n= 1 2 0\n");
    CHECK(problem_of(conversation) == "http1.bad_chunk");
}

TEST_CASE("http1: a chunk size that wraps around is named") {
    CHECK(
        problem_of({client(
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n")}) ==
        "http1.chunk_size_overflow");
}

TEST_CASE("http1: bytes where a head should be are named and skipped") {
    const std::vector<Said> conversation = {client(post + "garbage\r\n" + post)};
    CHECK(seen(conversation) ==
          "> 1 POST /mcp host=h\n> 1 body {\"x\":1}\n> 2 POST /mcp host=h\n> 2 body {\"x\":1}\n"
          "= 2 7 0\n= 1 7 0\n");
    CHECK(problem_of(conversation) == "http1.unexpected_bytes");
    CHECK(unseen_of(conversation).unsupported == 9);
}

TEST_CASE("http1: a head behind garbage on the same line is found") {
    CHECK(seen({client(post + "}" + post)}) ==
          "> 1 POST /mcp host=h\n> 1 body {\"x\":1}\n> 2 POST /mcp host=h\n"
          "> 2 body {\"x\":1}\n= 2 7 0\n= 1 7 0\n");
}

TEST_CASE("http1: requests beyond the limit end the oldest, and later responses are not shifted") {
    http::Limits limits;
    limits.requests_waiting_max = 2;
    const std::vector<Said> conversation = {client(get + get + get), server(ok), server(ok),
                                            server(ok)};
    CHECK(seen(conversation, limits) ==
          "> 1 GET / host=h\n> 2 GET / host=h\n= 1 0 0\n> 3 GET / host=h\n"
          "< 4 200\n< 4 body {\"y\":2}\n= 4 0 7\n< 2 200\n< 2 body {\"y\":2}\n= 2 0 7\n< 3 200\n< "
          "3 body {\"y\":2}\n= 3 0 7\n");
    CHECK(problem_of(conversation, limits) == "http1.too_many_requests_waiting");
}

TEST_CASE("http1: a head beyond the limit is told in part") {
    http::Limits limits;
    limits.head_bytes_max = 64;
    const std::vector<Said> conversation = {
        client("GET /a HTTP/1.1\r\nHost: h\r\nX: " + std::string(60, 'x') + "\r\n\r\n"),
        client("GET /b HTTP/1.1\r\n\r\n")};
    CHECK(seen(conversation, limits) ==
          "> 1 GET /a host=h partial\n= 1 0 0\n> 2 GET /b host=\n= 2 0 0\n");
    CHECK(problem_of(conversation, limits) == "http1.head_too_long");
    CHECK(unseen_of(conversation, limits).budget > 0);
}

TEST_CASE("http1: fields beyond the limit are dropped, but not those that delimit the body") {
    http::Limits limits;
    limits.fields_max = 2;
    const std::vector<Said> conversation = {client(
        "POST / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nContent-Length: 7\r\n\r\n{\"x\":1}" + get)};
    CHECK(seen(conversation, limits) ==
          "> 1 POST / host=\n> 1 body {\"x\":1}\n> 2 GET / host=h\n= 1 7 0\n= 2 0 0\n");
    CHECK(problem_of(conversation, limits) == "http1.too_many_fields");
}

TEST_CASE("http1: a text beyond the limit comes in pieces") {
    http::Limits limits;
    limits.text_bytes_max = 5;
    const std::vector<Said> conversation = {client(post + post)};
    CHECK(seen(conversation, limits) ==
          "> 1 POST /mcp host=h\n> 1 body {\"x\":1} (in pieces)\n> 2 POST /mcp host=h\n"
          "> 2 body {\"x\":1} (in pieces)\n= 1 7 0\n= 2 7 0\n");
    CHECK(problem_of(conversation, limits) == "http.text_too_long");
}

TEST_CASE("http1: nothing is kept when all is read") {
    Reading reading;
    for (int i = 0; i < 10; ++i) {
        for (const char c : post) reading.say(client(std::string(1, c)));
        for (const char c : ok) reading.say(server(std::string(1, c)));
    }
    reading.say(client(""));
    CHECK(reading.memory() == 0);
}
