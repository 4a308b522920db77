#include "http/http2.h"

#include "http/conversation.h"
#include "http/http2_builder.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

const std::string json = "{\"x\":1}", answer = "{\"y\":22}";
const FieldList is_json = {{"content-type", "application/json"}};

/// One connection: what both ends have said of fields so far.
struct Ends {
    FieldEncoder client, server;
};

std::string start() {
    return http2_preface + settings();
}

}  // namespace

TEST_CASE("http2: requests and responses of interleaved streams are told apart") {
    Ends ends;
    CHECK(seen({client(start()), server(settings()),
                client(joined({ends.client.request(1, "/a"), ends.client.request(3, "/b"),
                               data(3, json, end_stream)})),
                client(data(1, "{\"x\":") + ping() + data(1, "2}", end_stream)),
                server(joined({ends.server.response(3), ends.server.response(1),
                               data(1, answer, end_stream)})),
                server(data(3, answer) + data(3, "", end_stream))}) ==
          "> 1 POST /a host=h.example\n> 2 POST /b host=h.example\n> 2 body {\"x\":1}\n> 1 body "
          "{\"x\":2}\n"
          "< 2 200\n< 1 200\n< 1 body {\"y\":22}\n= 1 7 8\n< 2 body {\"y\":22}\n= 2 7 8\n");
}

TEST_CASE("http2: the server may speak first") {
    Ends ends;
    const std::string request = ends.client.request(1, "/a", end_stream);
    CHECK(seen({server(settings()), client(http2_preface.substr(0, 7)),
                client(http2_preface.substr(7) + settings() + request),
                server(ends.server.response(1, "204", end_stream))}) ==
          "> 1 GET /a host=h.example\n< 1 204\n= 1 0 0\n");
}

TEST_CASE("http2: everything is inspected") {
    Ends ends;
    const std::vector<Said> conversation = {
        client(start() + ends.client.request(1, "/a") + data(1, json, end_stream) +
               window_update(0)),
        server(settings() + ends.server.response(1) + data(1, answer, end_stream))};
    const http::Unseen unseen = unseen_of(conversation);
    CHECK(unseen.shunted + unseen.gap + unseen.unsupported + unseen.budget + unseen.midstream == 0);
    CHECK(problem_of(conversation) == "");
    Reading reading;
    for (const Said& said : conversation) reading.say(said);
    CHECK(reading.connection().speech() == http::Speech::http_2);
    CHECK(!reading.connection().deaf());
    reading.end();
    CHECK(reading.memory() > 0);
}

TEST_CASE(
    "http2: server-sent events are told as they come, compressed bodies when they are whole") {
    Ends ends;
    CHECK(seen({client(start() + ends.client.request(1, "/sse", end_stream)),
                server(settings() + ends.server.response(1, "200", none,
                                                         {{"content-type", "text/event-stream"}})),
                server(data(1, "data: {\"a\":1}\n\ndata: {\"b")), server(data(1, "\":2}\n\n")),
                server(data(1, "data: {\"c\":3}\n\n", end_stream))}) ==
          "> 1 GET /sse host=h.example\n< 1 200\n< 1 event |{\"a\":1}\n< 1 event |{\"b\":2}\n< 1 "
          "event |{\"c\":3}\n= 1 0 45\n");
}

TEST_CASE("http2: field blocks may be continued, padded and prioritised") {
    Ends ends;
    const std::string block = ends.client.block(
        {{":method", "GET"}, {":scheme", "http"}, {":authority", "h"}, {":path", "/long"}});
    CHECK(seen({client(start() + frame(1, end_stream, 1, block.substr(0, 3)) +
                       frame(9, none, 1, block.substr(3, 1)) +
                       frame(9, end_headers, 1, block.substr(4)))}) ==
          "> 1 GET /long host=h\n= 1 0 0\n");
    Ends others;
    const std::string same = others.client.block(
        {{":method", "GET"}, {":scheme", "http"}, {":authority", "h"}, {":path", "/"}});
    CHECK(seen({client(start() +
                       frame(1, end_headers | end_stream | padded | with_priority, 1,
                             std::string("\2") + number(0, 5) + same + std::string(2, '\0')))}) ==
          "> 1 GET / host=h\n= 1 0 0\n");
}

TEST_CASE("http2: interim responses and trailers are not told") {
    Ends ends;
    CHECK(
        seen({client(joined({start(), ends.client.request(1, "/a"), data(1, json),
                             ends.client.headers(1, {{"x-sum", "1"}}, end_stream)})),
              server(
                  joined({ends.server.response(1, "103"), ends.server.response(1), data(1, answer),
                          ends.server.headers(1, {{"grpc-status", "0"}}, end_stream)}))}) ==
        "> 1 POST /a host=h.example\n> 1 body {\"x\":1}\n< 1 200\n< 1 body {\"y\":22}\n= 1 7 8\n");
}

TEST_CASE("http2: a reset ends the exchange, and late frames of it are passed over") {
    Ends ends;
    CHECK(seen({client(start() + ends.client.request(1, "/a") + reset(1)),
                server(settings() + ends.server.response(1) + data(1, answer)),
                client(ends.client.request(3, "/b", end_stream)),
                server(ends.server.response(3, "200", end_stream))}) ==
          "> 1 POST /a host=h.example\n= 1 0 0\n> 2 GET /b host=h.example\n< 2 200\n= 2 0 0\n");
}

TEST_CASE("http2: a pushed response has an exchange of its own") {
    Ends ends;
    const std::string promise = ends.server.block(
        {{":method", "GET"}, {":scheme", "http"}, {":authority", "h"}, {":path", "/pushed"}});
    CHECK(seen({client(start() + ends.client.request(1, "/a", end_stream)),
                server(joined({settings(), frame(5, end_headers, 1, number(2, 4) + promise),
                               ends.server.response(1, "204", end_stream), ends.server.response(2),
                               data(2, answer, end_stream)}))}) ==
          "> 1 GET /a host=h.example\n< 2 GET /pushed host=h\n< 1 204\n= 1 0 0\n< 2 200\n< 2 body "
          "{\"y\":22}\n= 2 0 8\n");
}

TEST_CASE("http2: frames without use for us, and unknown ones, are skipped") {
    Ends ends;
    CHECK(
        seen({client(start() + frame(16, 0, 0, number(1, 4) + "u=1") + frame(2, 0, 1, "12345") +
                     frame(99, 7, 9, "what") + ends.client.request(1, "/a", end_stream)),
              server(settings({}, ack) + frame(10, 0, 0, "altsvc") + frame(12, 0, 0, "origin") +
                     frame(7, 0, 0, number(1, 8)) + ends.server.response(1, "204", end_stream))}) ==
        "> 1 GET /a host=h.example\n< 1 204\n= 1 0 0\n");
}

TEST_CASE("http2: a request that was upgraded is answered by stream 1") {
    Ends ends;
    const std::string upgrade =
        "POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\nConnection: Upgrade, "
        "HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n" +
        json;
    const std::string switching =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    const std::string request = ends.client.request(3, "/b", end_stream);
    const std::string responses =
        joined({settings(), ends.server.response(1), data(1, answer, end_stream),
                ends.server.response(3, "204", end_stream)});
    CHECK(seen({client(upgrade), server(switching + settings()), client(start() + request),
                server(responses.substr(9))}) ==
          "> 1 POST /up host=h\n> 1 body {\"x\":1}\n> 2 GET /b host=h.example\n< 1 200\n< 1 body "
          "{\"y\":22}\n= 1 7 8\n< 2 204\n= 2 0 0\n");
    CHECK(seen({client(upgrade), client(start()),
                server(switching + settings() + ends.server.response(1, "204", end_stream))}) ==
          "> 1 POST /up host=h\n> 1 body {\"x\":1}\n< 1 204\n= 1 7 0\n");
    CHECK(seen({client(upgrade + start() + request)})
              .starts_with("> 1 POST /up host=h\n> 1 body {\"x\":1}\n> 2 GET /b"));
}

TEST_CASE("http2: an interrupted field block is named, and what came of it is told") {
    Ends ends;
    const std::vector<Said> conversation = {client(joined(
        {start(), frame(1, none, 1, ends.client.block({{":method", "GET"}, {":path", "/cut"}})),
         ping(), ends.client.request(3, "/next", end_stream)}))};
    CHECK(seen(conversation) ==
          "> 1 GET /cut host= partial\n> 2 GET /next host=h.example\n= 1 0 0\n= 2 0 0\n");
    CHECK(problem_of(conversation) == "http2.interrupted_field_block");
    CHECK(problem_of({client(start() + frame(9, end_headers, 1, "x"))}) ==
          "http2.unexpected_continuation");
}

TEST_CASE("http2: a broken field block costs that direction what it remembered, and no more") {
    Ends ends;
    const std::string first = ends.client.request(1, "/a", end_stream);
    const std::vector<Said> conversation = {
        client(joined(
            {start(), first, frame(1, end_headers | end_stream, 3, "\xff\xff\xff\xff\xff\xff"),
             ends.client.request(5, "/b", end_stream), ends.client.request(7, "/b", end_stream)})),
        server(settings() + ends.server.response(1, "204", end_stream))};
    CHECK(seen(conversation) ==
          "> 1 GET /a host=h.example\n> 2   host= partial\n> 3 GET /b host= partial\n> 4 GET /b "
          "host= partial\n< 1 204\n= 1 0 0\n= 2 0 0\n= 3 0 0\n= 4 0 0\n");
    CHECK(problem_of(conversation) == "http2.bad_field_block");
}

TEST_CASE("http2: frames of stream 0 that belong to a stream are named") {
    Ends ends;
    CHECK(problem_of({client(start() + data(0, "x"))}) == "http2.bad_stream_id");
    CHECK(problem_of({client(start() + ends.client.request(0, "/"))}) == "http2.bad_stream_id");
    CHECK(unseen_of({client(start() + data(0, "x"))}).shunted == 1);
}

TEST_CASE("http2: a second head of a stream is named and not told") {
    Ends ends;
    const std::vector<Said> conversation = {
        client(joined({start(), ends.client.request(1, "/a"), ends.client.request(1, "/b")}))};
    CHECK(seen(conversation) == "> 1 POST /a host=h.example\n= 1 0 0\n");
    CHECK(problem_of(conversation) == "http2.second_head");
}

TEST_CASE("http2: too many streams push the oldest out") {
    http::Limits limits;
    limits.http2_streams_max = 2;
    Ends ends;
    std::string requests = start();
    for (std::uint32_t id = 1; id < 9; id += 2)
        requests += ends.client.request(id, "/", end_stream);
    CHECK(problem_of({client(requests)}, limits) == "http2.too_many_streams");
    CHECK(seen({client(requests)}, limits) ==
          "> 1 GET / host=h.example\n> 2 GET / host=h.example\n= 1 0 0\n> 3 GET / "
          "host=h.example\n= 2 0 0\n> 4 GET / host=h.example\n= 3 0 0\n= 4 0 0\n");
}

TEST_CASE("http2: floods are named") {
    http::Limits limits;
    limits.http2_resets_max = limits.http2_pings_max = limits.http2_settings_max = 3;
    const auto times = [](const std::string& one) { return one + one + one + one; };
    CHECK(problem_of({client(http2_preface + times(reset(1)))}, limits) == "http2.rapid_reset");
    CHECK(problem_of({client(http2_preface + times(ping()))}, limits) == "http2.ping_flood");
    CHECK(problem_of({client(http2_preface + times(settings()))}, limits) ==
          "http2.settings_flood");
    CHECK(problem_of({client(http2_preface + ping() + ping() + ping())}, limits) == "");
    std::string continued = http2_preface + frame(1, none, 1, "\x82");
    for (int i = 0; i < 9; ++i) continued += frame(9, none, 1, "\x84");
    CHECK(problem_of({client(continued)}) == "http2.continuation_flood");
}

TEST_CASE("http2: a header bomb costs the memory of one head") {
    Ends ends;
    const std::string block =
        ends.client.block({{":method", "GET"}, {"bomb", std::string(3000, 'x')}});
    std::string bomb = start() + frame(1, none, 1, block);
    for (int i = 0; i < 4; ++i) bomb += frame(9, none, 1, std::string(16000, '\xbe'));
    bomb += frame(9, end_headers, 1, "\xbe");
    Reading reading;
    reading.say(client(bomb));
    CHECK(reading.problem() == "http2.header_bomb");
    CHECK(reading.memory() < 100000);
    CHECK(reading.seen() == "> 1 GET  host=\n");
}

TEST_CASE("http2: without memory heads and bodies go unseen, and that is said") {
    Ends ends;
    Reading reading({}, 600);
    reading.say(client(start() + ends.client.request(1, "/a") + data(1, json, end_stream))).end();
    CHECK(reading.problem() == "http2.field_table_given_up");
    CHECK(reading.unseen_sum() > 0);
    CHECK(reading.unseen_sum() <= reading.pushed());
}

TEST_CASE("http2: a bad preface is named") {
    CHECK(problem_of({server(settings() + ping() + ping() + ping() + ping() + ping()),
                      client("GET / HTTP/1.1\r\n\r\n")}) == "http2.bad_preface");
}
