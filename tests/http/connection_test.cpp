#include "http/connection.h"

#include <doctest/doctest.h>

#include "http/reading.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

std::string seen(const std::vector<Said>& conversation, const http::Limits& limits = {}) {
    CHECK(conversation_differs_when_cut(conversation, limits) == "");
    return read_conversation(conversation, limits);
}

}  // namespace

TEST_CASE("connection: requests and responses with a length become heads, texts and ends") {
    CHECK(
        seen({client("POST /mcp HTTP/1.1\r\nHost: h:80\r\nContent-Length: 7\r\n\r\n{\"x\":1}"),
              server("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                     "9\r\n\r\n{\"y\":\"z\"}")}) ==
        "> 1 POST /mcp host=h:80\n> 1 body {\"x\":1}\n< 1 200\n< 1 body {\"y\":\"z\"}\n= 1 7 9\n");
}

TEST_CASE("connection: a body in chunks is one text") {
    CHECK(seen({client("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3;x=\"y\"\r\n{\"x\r\n04\r\n\":1}\r\n0\r\nTrailer: {\r\n\r\nGET / "
                       "HTTP/1.1\r\n\r\n")}) ==
          "> 1 POST / host=h\n> 1 body {\"x\":1}\n> 2 GET / host=\n= 1 7 0\n= 2 0 0\n");
}
