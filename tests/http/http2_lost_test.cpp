#include <set>
#include <sstream>

#include "http/conversation.h"
#include "http/http2.h"
#include "http/http2_builder.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

const std::string events_type = "text/event-stream";

struct Talk {
    std::string requests, responses;
};

/// A connection with `count` calls, each answered by an event.
Talk talk(std::uint32_t count) {
    FieldEncoder client, server;
    Talk all{http2_preface + settings(), settings()};
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t id = 2 * i + 1;
        const std::string n = std::to_string(i);
        all.requests += client.request(id, "/mcp", none, {{"mcp-name", "n" + n}}) +
                        data(id, "{\"call\":" + n + "}", end_stream);
        all.responses += server.response(id, "200", none, {{"content-type", events_type}}) +
                         data(id, "data: {\"answer\":" + n + "}\n\n") + data(id, "", end_stream);
    }
    return all;
}

std::set<std::string> lines_of(const std::string& text) {
    std::set<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.insert(line);
    return lines;
}

/// Texts of a reading, without the numbers of their exchanges.
std::set<std::string> texts_of(const std::string& seen) {
    std::set<std::string> texts;
    for (const std::string& line : lines_of(seen)) {
        const std::size_t brace = line.find('{');
        if (brace != std::string::npos && line.find("damaged") == std::string::npos)
            texts.insert(line.substr(brace));
    }
    return texts;
}

}  // namespace

TEST_CASE("http2 lost: a connection is read from its middle") {
    FieldEncoder client_end, server_end;
    client_end.request(1, "/mcp");
    server_end.response(1, "202");
    CHECK(seen({client("rest of a frame" + client_end.request(5, "/mcp", none, {{"a", "b"}}) +
                       data(5, "{\"x\":1}", end_stream)),
                server("more" + server_end.response(5, "202", end_stream) + ping() + ping())}) ==
          "> 1 POST /mcp host= partial\n> 1 body {\"x\":1}\n< 1 0 partial\n= 1 7 0\n");
}

TEST_CASE("http2 lost: events of a stream whose head was missed are told") {
    const std::string event = data(7, "data: {\"n\":1}\n\n");
    const std::vector<Said> conversation = {server("e\":0}\n\n" + event), server(event),
                                            server(event)};
    CHECK(seen(conversation) ==
          "< 1 event |{\"n\":1}\n< 1 event |{\"n\":1}\n< 1 event |{\"n\":1}\n= 1 0 45\n");
    CHECK(unseen_of(conversation).midstream == 7);
}

TEST_CASE("http2 lost: events that begin in the middle of one are not mistaken for HTTP/1") {
    const std::string event = data(7, "data: {\"n\":1}\n\n");
    CHECK(texts_of(seen({server("\ndata: {\"n\":0}\n\n" + event + event + event)})) ==
          std::set<std::string>{"{\"n\":0}", "{\"n\":1}"});
}

TEST_CASE("http2 lost: directions that were taken the wrong way round are found out") {
    FieldEncoder client_end, server_end;
    Reading reading;
    reading.say(server("?" + client_end.request(5, "/mcp", end_stream) + ping()));
    reading.say(client("?" + server_end.response(5, "204", end_stream) + ping()));
    CHECK(reading.connection().reversed());
    CHECK(reading.seen() == "< 1 GET /mcp host=h.example\n> 1 204\n= 1 0 0\n");
}

TEST_CASE("http2 lost: a hole within DATA costs that body alone") {
    FieldEncoder client_end;
    const std::string start = joined(
        {http2_preface, settings(), client_end.request(1, "/a"), client_end.request(3, "/b")});
    const std::string body = data(1, "{\"x\":1234567890}", end_stream);
    const std::string other = data(3, "{}", end_stream) + client_end.request(5, "/c", end_stream);
    const std::vector<Said> conversation = {client(start + body.substr(0, 12)), client_hole(5),
                                            client(body.substr(17) + other)};
    CHECK(seen(conversation) ==
          "> 1 POST /a host=h.example\n> 2 POST /b host=h.example\n> 1 body {\"x (damaged)\n> 2 "
          "body {}\n> 3 GET /c host=h.example\n"
          "= 1 11 0\n= 2 2 0\n= 3 0 0\n");
    CHECK(unseen_of(conversation).gap == 8);
}

TEST_CASE("http2 lost: a hole within a field block costs that block and what it remembered") {
    FieldEncoder client_end;
    const std::string head = client_end.request(1, "/a", end_stream);
    const std::string next =
        joined({client_end.request(3, "/a", end_stream), client_end.request(5, "/c", end_stream)});
    CHECK(
        seen({client(http2_preface + settings() + head.substr(0, 10)), client_hole(3),
              client(head.substr(13) + next)}) ==
        "> 1 GET  host= partial\n> 2 GET /a host= partial\n> 3 GET /c host= partial\n= 1 0 0\n= 2 "
        "0 0\n= 3 0 0\n");
}

TEST_CASE("http2 lost: with a hole anywhere nothing wrong is told, and calls behind it are read") {
    const Talk all = talk(12);
    const std::set<std::string> truth =
        texts_of(read_conversation({client(all.requests), server(all.responses)}));
    CHECK(truth.size() == 24);
    for (std::size_t at = 0; at < all.responses.size(); at += 5) {
        for (const std::size_t length : {1U, 8U, 40U, 150U}) {
            Reading reading;
            const auto say = [&](const std::string& bytes, Said (*piece)(std::string),
                                 Said (*hole)(std::uint64_t)) {
                if (at + length >= bytes.size()) return;
                reading.say(piece(bytes.substr(0, at)))
                    .say(hole(length))
                    .say(piece(bytes.substr(at + length)));
            };
            say(all.requests, client, client_hole);
            say(all.responses, server, server_hole);
            reading.end();
            const std::set<std::string> texts = texts_of(reading.seen());
            for (const std::string& text : texts)
                CHECK_MESSAGE(truth.contains(text), at, " ", text);
            if (at + length + 200 < all.responses.size())
                CHECK_MESSAGE(texts.contains("{\"answer\":11}"), at, " ", length, reading.seen());
            for (const std::string& line : lines_of(reading.seen())) {
                if (line.find("POST") == std::string::npos) continue;
                CHECK((line.ends_with("POST /mcp host=h.example") || line.ends_with("partial")));
            }
            CHECK(reading.exchanges_begun().size() <= reading.exchanges_ended().size());
            CHECK(reading.unseen_sum() <= reading.pushed());
        }
    }
}

TEST_CASE("http2 lost: many holes cost bounded work, and do not last") {
    const std::string noise(700, '\x5a');
    Reading reading;
    const Talk all = talk(2);
    reading.say(client(all.requests));
    for (int i = 0; i < 300; ++i)
        reading.say(client_hole(10)).say(client(noise + data(1, "a") + data(1, "b")));
    FieldEncoder fresh;
    reading.say(client_hole(1)).say(client(fresh.request(701, "/last", end_stream) + ping()));
    CHECK(reading.seen().find("/last") != std::string::npos);
}
