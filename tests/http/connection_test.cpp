#include "http/connection.h"

#include <doctest/doctest.h>

#include "http/conversation.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"y\":2}";

http::Speech speech_of(const std::vector<Said>& conversation) {
    Reading reading;
    for (const Said& said : conversation) reading.say(said);
    return reading.connection().speech();
}

}  // namespace

TEST_CASE("connection: lines of JSON without HTTP are told from both directions") {
    const std::vector<Said> conversation = {client("{\"x\":1}\r\n"), server("{\"y\":"),
                                            server("2}\n[3]\nlog\n"), client("{\"z\":3}")};
    CHECK(seen(conversation) ==
          "> 0 line {\"x\":1}\r\n< 0 line {\"y\":2}\n< 0 line [3]\n> 0 line {\"z\":3}\n");
    CHECK(unseen_of(conversation).shunted == 3);
    CHECK(speech_of(conversation) == http::Speech::lines);
}

TEST_CASE("connection: a brace alone does not make lines") {
    CHECK(seen({client("{\n  \"x\": 1\n}" + get)}) == "> 1 GET / host=h\n= 1 0 0\n");
    CHECK(seen({client("{\"x\": 1}" + get)}) == "> 1 GET / host=h\n= 1 0 0\n");
}

TEST_CASE("connection: HTTP/2 is told by its preface, or by its frames") {
    const std::string frames = std::string("\0\0\2\0\1\0\0\0\1{}", 11);
    CHECK(speech_of({client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}) == http::Speech::http_2);
    CHECK(speech_of({client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r")}) == http::Speech::unknown);
    CHECK(speech_of({server("..." + frames + frames)}) == http::Speech::http_2);
    CHECK(speech_of({server("..." + frames)}) == http::Speech::unknown);
}

TEST_CASE("connection: a request that begins like the preface of HTTP/2 is a request") {
    CHECK(seen({client("PROPFIND / HTTP/1.1\r\n\r\n")}) == "> 1 PROPFIND / host=\n= 1 0 0\n");
}

TEST_CASE("connection: what is known not to be ours is foreign at once, if both say so") {
    Reading reading;
    reading.say(server("SSH-2.0-x\r\n"));
    CHECK(!reading.connection().deaf());
    reading.say(client("SSH-2.0-y\r\n"));
    CHECK(reading.connection().deaf());
    CHECK(reading.connection().speech() == http::Speech::foreign);
    CHECK(reading.unseen().shunted == 22);
    reading.say(client("more"));
    CHECK(reading.unseen().shunted == 26);
}

TEST_CASE("connection: a banner of the server does not hide requests of the client") {
    CHECK(seen({server("220 welcome\r\n"), client(get), server(ok)}) ==
          "> 1 GET / host=h\n< 1 200\n< 1 body {\"y\":2}\n= 1 0 7\n");
}

TEST_CASE("connection: what is not recognised within 64 KiB a direction is foreign") {
    Reading reading;
    const std::string noise(1000, 'x');
    for (int i = 0; i < 66; ++i) reading.say(server(noise + "\n"));
    CHECK(!reading.connection().deaf());
    for (int i = 0; i < 66; ++i) reading.say(client(noise));
    CHECK(reading.connection().deaf());
    CHECK(reading.unseen_sum() == reading.pushed());
    CHECK(reading.memory() == 0);
}

TEST_CASE("connection: foreign bytes of a connection seen from its middle are counted as such") {
    CHECK(unseen_of({client_hole(7), client("noise"), server("noise")}).midstream == 10);
    CHECK(unseen_of({client("noise"), server("noise")}).shunted == 10);
}

TEST_CASE("connection: the other reading of an overlap is searched for a text, and nothing else") {
    Said other = client("POST / HTTP/1.1\r\nX: {\r\n\r\n{\"other\":1}");
    other.alternate = true;
    Reading reading;
    reading.say(client(get)).say(other).say(server(ok)).end();
    CHECK(reading.seen() ==
          "> 1 GET / host=h\n> 0 body {\"other\":1} (alternate)\n< 1 200\n< 1 body {\"y\":2}\n= 1 "
          "0 7\n");
}

TEST_CASE("connection: the other reading of several messages is a text for each") {
    Said other =
        client("{\"first\":1}POST / HTTP/1.1\r\n\r\n{\"a\":1}POST / HTTP/1.1\r\n\r\n{\"b\":1}");
    other.alternate = true;
    Reading reading;
    reading.say(client(get)).say(other);
    CHECK(reading.seen() ==
          "> 1 GET / host=h\n> 0 body {\"a\":1}POST / HTTP/1.1 (alternate)\n> 0 body {\"b\":1} "
          "(alternate)\n");
}

TEST_CASE("connection: no more is unseen than was pushed, whatever is lost") {
    const std::string post = "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{\"x\":123}";
    const std::string events =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\nevent: a\ndata: "
        "b\n\r\n0\r\n\r\n";
    const std::string requests = post + get + post, responses = ok + events + ok;
    for (std::size_t from = 0; from < requests.size(); from += 3) {
        for (std::size_t length = 1; from + length <= requests.size(); length += 7) {
            Reading reading;
            reading.say(client(requests.substr(0, from))).say(server(responses.substr(0, from)));
            reading.say(client_hole(length)).say(server_hole(length));
            reading.say(client(requests.substr(from + length)));
            if (from + length < responses.size())
                reading.say(server(responses.substr(from + length)));
            reading.say(client(get)).say(server(ok)).end();
            CHECK(reading.unseen_sum() <= reading.pushed());
            const std::string seen = reading.seen();
            CHECK(seen.find("GET / host=h") != std::string::npos);
            CHECK(std::count(seen.begin(), seen.end(), '=') -
                      std::count(seen.begin(), seen.end(), 'h') <=
                  8);
        }
    }
}

TEST_CASE("connection: every exchange ends exactly once") {
    const std::string requests = get + get + get, responses = ok + ok + ok;
    for (std::size_t hole = 0; hole < responses.size(); ++hole) {
        Reading reading;
        reading.say(client(requests)).say(server(responses.substr(0, hole)));
        reading.say(server_hole(20))
            .say(server(responses.substr(std::min(hole + 20, responses.size()))))
            .end();
        CHECK(reading.exchanges_begun() == reading.exchanges_ended());
    }
}
