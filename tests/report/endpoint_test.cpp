#include "report/endpoint.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

using namespace umbratap::report;

namespace {

/// A connection to an endpoint on the loopback.
class Caller {
public:
    explicit Caller(const Endpoint& endpoint) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in place{};
        place.sin_family = AF_INET;
        place.sin_port = htons(static_cast<std::uint16_t>(endpoint.port()));
        place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(connect(socket_, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0);
        const timeval patience{10, 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    ~Caller() { close(socket_); }
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    bool say(std::string_view words) {
        return send(socket_, words.data(), words.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(words.size());
    }
    /// All that comes until the other side closes.
    std::string hear() {
        std::string all;
        char bytes[4096];
        for (ssize_t n; (n = recv(socket_, bytes, sizeof bytes, 0)) > 0;)
            all.append(bytes, static_cast<std::size_t>(n));
        return all;
    }
    std::string ask(std::string_view words) {
        say(words);
        return hear();
    }

private:
    int socket_;
};

Answer hello(const Request& request) {
    return {request.path == "/x" ? 200 : 404, "text/plain",
            std::make_shared<const std::string>("hello"), ""};
}

constexpr std::string_view get_x = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("endpoint: a request is read as far as anybody asks for it") {
    const auto request = read_request(
        "GET /metrics?a=1 HTTP/1.1\r\nhost: a\r\nAUTHORIZATION:  Basic abc \r\n\r\nbody");
    REQUIRE(request);
    CHECK(request->method == "GET");
    CHECK(request->path == "/metrics");
    CHECK(request->authorization == "Basic abc");
    CHECK(read_request("GET / HTTP/1.0\n\n"));
}

TEST_CASE("endpoint: what is no request is none") {
    for (const char* head :
         {"", "\r\n\r\n", "GET\r\n\r\n", "GET /x\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
          "GET x HTTP/1.1\r\n\r\n", "GET http://a/x HTTP/1.1\r\n\r\n", " /x HTTP/1.1\r\n\r\n",
          "GET /x HTTP/2\r\n\r\n", "GET /x y HTTP/1.1\r\n\r\n", "GET /x HTTP/1.1\r\n",
          "GET /x HTTP/1.1\r\n\r", "GET /x HTTP/1.1\r\nno field\r\n\r\n",
          "GET /x HTTP/1.1\r\n: v\r\n\r\n", "GET /x HTTP/1.1\r\na: b\rc\r\n\r\n",
          "GET /\r HTTP/1.1\r\n\r\n"}) {
        CAPTURE(head);
        CHECK_FALSE(read_request(head));
    }
}

TEST_CASE("endpoint: an answer comes whole, and then the connection ends") {
    Endpoint endpoint("127.0.0.1:0", hello);
    const std::string answer = Caller(endpoint).ask(get_x);
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.ends_with("\r\n\r\nhello"));
    CHECK(Caller(endpoint).ask("GET /y HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    CHECK(Caller(endpoint).ask("HEAD /x HTTP/1.1\r\n\r\n").ends_with("Connection: close\r\n\r\n"));
    CHECK(Caller(endpoint).ask("PUT /x HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    CHECK(Caller(endpoint).ask("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST_CASE("endpoint: a request may come byte by byte") {
    Endpoint endpoint("127.0.0.1:0", hello);
    Caller slow(endpoint);
    for (const char byte : get_x) {
        REQUIRE(slow.say({&byte, 1}));
        usleep(500);
    }
    CHECK(slow.hear().ends_with("hello"));
}

TEST_CASE("endpoint: a body larger than what a socket takes comes whole") {
    const auto large = std::make_shared<const std::string>(8 << 20, 'x');
    Endpoint endpoint("127.0.0.1:0", [&](const Request&) {
        return Answer{200, "text/plain", large, ""};
    });
    CHECK(Caller(endpoint).ask(get_x).size() > large->size());
}

TEST_CASE("endpoint: a head without end is cut off") {
    Endpoint endpoint("127.0.0.1:0", hello);
    Caller caller(endpoint);
    const std::string piece(64 * 1024, 'a');
    for (int i = 0; i < 1000 && caller.say(piece); ++i) {
    }
    CHECK(caller.hear().size() < 1024);
    CHECK(Caller(endpoint).ask(get_x).ends_with("hello"));
}

TEST_CASE("endpoint: who says nothing is cut off, at the latest when the place is needed") {
    EndpointLimits limits;
    limits.connections_max = 8;
    limits.wait_max = std::chrono::milliseconds(200);
    Endpoint patient("127.0.0.1:0", hello, limits);
    CHECK(Caller(patient).hear().empty());
    limits.wait_max = std::chrono::hours(1);
    Endpoint crowded("127.0.0.1:0", hello, limits);
    std::vector<std::unique_ptr<Caller>> silent;
    for (int i = 0; i < 200; ++i) silent.push_back(std::make_unique<Caller>(crowded));
    CHECK(Caller(crowded).ask(get_x).ends_with("hello"));
    CHECK(silent.front()->hear().empty());
}

TEST_CASE("endpoint: IPv6 and bare ports are addresses, too") {
    CHECK(Caller(Endpoint("localhost:0", hello)).ask(get_x).ends_with("hello"));
    CHECK(Caller(Endpoint("0", hello)).ask(get_x).ends_with("hello"));
    CHECK(Endpoint("[::1]:0", hello).port() > 0);
}

TEST_CASE("endpoint: what is no address is said in one line") {
    for (const char* text :
         {"", ":", "nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:9464x",
          "example.com:9464", "::1:9464", "[::1:9464", "127.0.0.1:9464,0.0.0.0:1"}) {
        CAPTURE(text);
        CHECK_THROWS_WITH_AS((Endpoint{text, hello}), doctest::Contains("is no ADDRESS:PORT"),
                             EndpointError);
    }
}
