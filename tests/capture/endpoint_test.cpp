#include "capture/endpoint.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "capture/source.h"

using namespace umbratap;
using capture::connect_to;
using capture::InputError;

TEST_CASE("endpoint: an address that is none is refused, with the form that is expected") {
    for (const char* input :
         {"tcp://", "tcp://host", "tcp://:80", "tcp://host:", "tcp://host:0", "tcp://host:65536",
          "tcp://host:http", "tcp://::1:80", "tcp://[]:80"}) {
        CAPTURE(input);
        CHECK_THROWS_WITH_AS(connect_to(input), doctest::Contains("expected tcp://HOST:PORT"),
                             InputError);
    }
}

TEST_CASE("endpoint: it is recognised by its scheme only") {
    CHECK(capture::is_endpoint("tcp://a:1"));
    CHECK_FALSE(capture::is_endpoint("tcp.pcap"));
}

TEST_CASE("endpoint: where nobody listens, that is said") {
    // A port that was ours a moment ago and is closed again.
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(socket.number(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const std::string input = "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    CHECK_THROWS_WITH_AS(connect_to(input), doctest::Contains("Connection refused"), InputError);
}
