#include "http/http2_stream.h"

#include "http/conversation.h"
#include "http/http2_builder.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

struct Ends {
    FieldEncoder client, server;
};

const std::string start = http2_preface + settings();
const FieldList to_websocket = {{":method", "CONNECT"},
                                {":protocol", "websocket"},
                                {":scheme", "https"},
                                {":path", "/ws"},
                                {":authority", "h"}};
const FieldList to_tunnel = {{":method", "CONNECT"}, {":authority", "far:443"}};

/// "{}" as a masked text message.
const std::string masked = std::string("\x81\x82\0\0\0\0{}", 8);
const std::string unmasked = "\x81\x02{}";

}  // namespace

TEST_CASE("http2 stream: WebSocket by extended CONNECT") {
    Ends ends;
    const std::vector<Said> conversation = {
        client(start + ends.client.headers(1, to_websocket)),
        server(settings() + ends.server.response(1)),
        client(data(1, masked.substr(0, 3)) + data(1, masked.substr(3))),
        server(data(1, unmasked, end_stream)), client(data(1, masked, end_stream))};
    CHECK(seen(conversation) ==
          "> 1 CONNECT /ws host=h\n< 1 200\n> 1 message {}\n< 1 message {}\n> 1 message {}\n= 1 16 "
          "4\n");
    CHECK(problem_of(conversation) == "");
}

TEST_CASE("http2 stream: a refused WebSocket is answered by a body") {
    Ends ends;
    CHECK(seen({client(start + ends.client.headers(1, to_websocket)),
                server(ends.server.response(1, "403") + data(1, "{\"no\":1}", end_stream))}) ==
          "> 1 CONNECT /ws host=h\n< 1 403\n< 1 body {\"no\":1}\n= 1 0 8\n");
}

TEST_CASE("http2 stream: tunnels of one connection are told apart by their exchange") {
    Ends ends;
    CHECK(
        seen({client(joined(
                  {start, ends.client.headers(1, to_tunnel), ends.client.headers(3, to_tunnel)})),
              server(joined({ends.server.response(1), ends.server.response(3)})),
              client(data(1, "one")), client(data(3, "two")), server(data(3, "2", end_stream))}) ==
        "> 1 CONNECT far:443 host=far:443\n> 2 CONNECT far:443 host=far:443\n< 1 200\n< 2 200\n"
        "> 1 tunnel onetwo(end)(end)\n< 2 tunnel 2(end)\n= 2 3 1\n= 1 3 0\n");
}

TEST_CASE("http2 stream: other protocols over CONNECT are not read") {
    Ends ends;
    FieldList other = to_websocket;
    other[1].second = "connect-udp";
    CHECK(unseen_of({client(start + ends.client.headers(1, other) + data(1, "udp"))}).unsupported ==
          3);
}

TEST_CASE("http2 stream: a length that is not kept is named") {
    Ends ends;
    CHECK(
        problem_of({client(start + Ends().client.request(1, "/", none, {{"content-length", "3"}}) +
                           data(1, "{}", end_stream))}) == "http2.content_length_differs");
    CHECK(
        problem_of({client(start + Ends().client.request(3, "/", none, {{"content-length", "2"}}) +
                           data(3, "{}", end_stream))}) == "");
    CHECK(problem_of(
              {client(start + Ends().client.request(5, "/", none, {{"content-length", "x"}}))}) ==
          "http2.bad_content_length");
}

TEST_CASE("http2 stream: the response to HEAD has a length and no body") {
    Ends ends;
    CHECK(problem_of(
              {client(start + ends.client.headers(
                                  1, {{":method", "HEAD"}, {":scheme", "http"}, {":path", "/"}},
                                  end_stream)),
               server(ends.server.response(1, "200", end_stream, {{"content-length", "3"}}))}) ==
          "");
}

TEST_CASE("http2 stream: what follows the end is passed over") {
    Ends ends;
    const std::vector<Said> conversation = {
        client(start + ends.client.request(1, "/", end_stream) + data(1, "{\"late\":1}"))};
    CHECK(seen(conversation) == "> 1 GET / host=h.example\n= 1 0 0\n");
    CHECK(unseen_of(conversation).shunted == 10);
}
