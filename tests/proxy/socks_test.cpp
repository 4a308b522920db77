#include "proxy/socks.h"

#include <doctest/doctest.h>

#include "support/every_cut.h"

using namespace umbratap;
using flow::Direction;
using flow::StreamChunk;
using proxy::Socks;

namespace {

using State = Socks::State;

std::string bytes(std::initializer_list<int> list) {
    std::string out;
    for (const int value : list) out += static_cast<char>(value);
    return out;
}
std::string counted(std::string_view text) {
    return static_cast<char>(text.size()) + std::string(text);
}

const std::string greeting = bytes({5, 1, 0});
const std::string greeting_of_curl = bytes({5, 3, 0, 1, 2});
const std::string credentials = bytes({1}) + counted("alice") + counted("s3cret");
const std::string request = bytes({5, 1, 0, 3}) + counted("Mcp.Lab.example") + bytes({0x1f, 0x90});
const std::string reply = bytes({5, 0, 0, 1, 10, 0, 0, 1, 4, 56});

struct Talk {
    Budget budget{1 << 20};
    Socks socks{budget};
    std::string inside[2];
    std::uint64_t at[2] = {};
    Problem problem;
    bool ended[2] = {};

    Talk& say(Direction direction, Bytes data, bool end = false, std::uint64_t missing = 0) {
        StreamChunk chunk;
        chunk.direction = direction;
        chunk.data = data;
        chunk.offset = at[index(direction)];
        chunk.missing = missing;
        chunk.end = end;
        at[index(direction)] += data.size() + missing;
        Batch<StreamChunk> out;
        problem = problem.or_else(socks.push(chunk, out));
        for (const StreamChunk& one : out) {
            CHECK(one.offset == inside[index(direction)].size());
            inside[index(direction)] += as_text(one.data);
            ended[index(direction)] = one.end;
        }
        return *this;
    }
    Talk& client(std::string_view data) { return say(Direction::to_server, as_bytes(data)); }
    Talk& server(std::string_view data) { return say(Direction::to_client, as_bytes(data)); }
    std::string gist() const {
        return std::to_string(static_cast<int>(socks.state())) + " " + socks.authority() + " " +
               inside[0] + " " + inside[1] + " " + std::string(problem.name());
    }
};

}  // namespace

TEST_CASE("the target and both streams of a SOCKS 5 tunnel are read") {
    Talk is;
    is.client(greeting).server(bytes({5, 0})).client(request).server(reply);
    CHECK(is.socks.authority() == "Mcp.Lab.example:8080");
    CHECK(is.socks.version() == 5);
    is.client("GET /").server("HTTP/1.1").client(" HTTP/1.1");
    CHECK(is.inside[0] == "GET / HTTP/1.1");
    CHECK(is.inside[1] == "HTTP/1.1");
    CHECK(is.socks.state() == State::following);
    CHECK(!is.problem);
    CHECK(is.budget.used() == 0);
    is.say(Direction::to_client, {}, true);
    CHECK(is.ended[1]);
}

TEST_CASE("user name and password are passed over") {
    Talk is;
    is.client(greeting_of_curl).server(bytes({5, 2})).client(credentials).server(bytes({1, 0}));
    is.client(request).server(reply).client("in").server("out");
    CHECK(is.socks.authority() == "Mcp.Lab.example:8080");
    CHECK(is.inside[0] == "in");
    CHECK(is.inside[1] == "out");
}

TEST_CASE("one direction is enough, however it is cut, and whoever is heard first") {
    const std::string client = greeting_of_curl + credentials + request + "inside";
    const std::string server = bytes({5, 2, 1, 0}) + reply + "inside";
    const auto heard = [](Direction direction) {
        return [direction](const std::vector<Bytes>& pieces) {
            Talk is;
            for (const Bytes piece : pieces) is.say(direction, piece);
            return is.gist();
        };
    };
    CHECK(heard(Direction::to_server)({as_bytes(client)}) == "0 Mcp.Lab.example:8080 inside  ");
    CHECK(heard(Direction::to_client)({as_bytes(server)}) == "0   inside ");
    CHECK(test::differs_when_cut(as_bytes(client), heard(Direction::to_server)) == "");
    CHECK(test::differs_when_cut(as_bytes(server), heard(Direction::to_client)) == "");
    Talk late;
    late.server(server).client(client);
    CHECK(late.gist() == "0 Mcp.Lab.example:8080 inside inside ");
}

TEST_CASE("addresses of every kind are written as an authority") {
    const auto authority = [](const std::string& address) {
        Talk is;
        is.client(greeting + bytes({5, 1, 0}) + address + bytes({1, 187}) + "inside");
        CHECK(is.inside[0] == "inside");
        return is.socks.authority();
    };
    CHECK(authority(bytes({1, 10, 1, 2, 3})) == "10.1.2.3:443");
    CHECK(authority(bytes({4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})) ==
          "[2001:db8::1]:443");
    CHECK(authority(bytes({3}) + counted("a.example")) == "a.example:443");
    CHECK(authority(bytes({3}) + counted("")) == ":443");
    CHECK(authority(bytes({3}) + counted("a:80\n")) == "a\\05880\\010:443");
    CHECK(authority(bytes({3}) + counted(std::string(255, 'n'))).size() == 259);
}

TEST_CASE("SOCKS 4 and 4a are read") {
    Talk four;
    four.client(bytes({4, 1, 0x1f, 0x90, 10, 1, 2, 3}) + "alice" + bytes({0}) + "in");
    four.server(bytes({0, 90, 0, 0, 0, 0, 0, 0}) + "out");
    CHECK(four.gist() == "0 10.1.2.3:8080 in out ");
    CHECK(four.socks.version() == 4);
    const std::string named =
        bytes({4, 1, 0, 80, 0, 0, 0, 7, 0}) + "a.example" + bytes({0}) + "inside";
    const auto read = [](const std::vector<Bytes>& pieces) {
        Talk is;
        for (const Bytes piece : pieces) is.say(Direction::to_server, piece);
        return is.gist();
    };
    CHECK(read({as_bytes(named)}) == "0 a.example:80 inside  ");
    CHECK(test::differs_when_cut(as_bytes(named), read) == "");
    Talk refused;
    refused.client(bytes({4, 1, 0, 80, 10, 1, 2, 3, 0})).server(bytes({0, 91}));
    CHECK(refused.socks.state() == State::refused);
}

TEST_CASE("what the server refuses is not followed") {
    for (const std::string& answer :
         {bytes({5, 255}), bytes({5, 2, 1, 1}), bytes({5, 0, 5, 5, 0, 1})}) {
        Talk is;
        is.client(greeting).server(answer).client("more");
        CHECK(is.socks.state() == State::refused);
        CHECK(!is.problem);
        CHECK(is.inside[0] == "");
        CHECK(is.budget.used() == 0);
    }
}

TEST_CASE("other commands and methods are named and not followed") {
    for (const int command : {2, 3}) {
        Talk is;
        is.client(greeting).server(bytes({5, 0})).client(bytes({5, command, 0, 1}));
        CHECK(is.socks.state() == State::not_read);
        CHECK(is.problem.name() == "socks.command_not_read");
    }
    Talk wrapped;
    wrapped.client(greeting_of_curl).server(bytes({5, 1}));
    CHECK(wrapped.socks.state() == State::not_read);
    CHECK(wrapped.problem.name() == "socks.method_not_read");
}

TEST_CASE("nonsense is a problem only where both sides had begun as SOCKS does") {
    Talk foreign;
    foreign.client(bytes({5, 1, 0, 77, 77}));
    CHECK(foreign.socks.state() == State::broken);
    CHECK(!foreign.problem);
    Talk broken;
    broken.client(greeting).server(bytes({5, 0})).client(bytes({5, 1, 0, 9}));
    CHECK(broken.socks.state() == State::broken);
    CHECK(broken.problem.name() == "socks.bad_message");
}

TEST_CASE("a hole in the handshake loses it, one behind it is handed on") {
    Talk lost;
    lost.client(greeting).say(Direction::to_server, {}, false, 10);
    CHECK(lost.socks.state() == State::lost);
    CHECK(lost.problem.name() == "socks.gap_in_handshake");
    Talk kept;
    kept.client(greeting + request);
    StreamChunk hole;
    hole.offset = greeting.size() + request.size();
    hole.missing = 5;
    Batch<StreamChunk> out;
    CHECK(!kept.socks.push(hole, out));
    REQUIRE(out.size() == 1);
    CHECK(out[0].missing == 5);
    CHECK(out[0].offset == 0);
}

TEST_CASE("the longest handshake fits, and a longer one is broken") {
    Talk longest;
    longest.client(bytes({5, 255}) + std::string(255, 2) + bytes({1}) +
                   counted(std::string(255, 'u')) + counted(std::string(255, 'p')) +
                   bytes({5, 1, 0, 3}) + counted(std::string(255, 'h')) + bytes({0, 80}) + "in");
    CHECK(longest.inside[0] == "in");
    Talk endless;
    endless.client(bytes({4, 1, 0, 80, 10, 1, 2, 3}) + std::string(10'000, 'u'));
    CHECK(endless.socks.state() == State::broken);
    CHECK(endless.budget.used() == 0);
}

TEST_CASE("without budget nothing is followed, and it is said") {
    Budget budget(16);
    Socks socks(budget);
    StreamChunk chunk;
    chunk.data = as_bytes(greeting);
    Batch<StreamChunk> out;
    CHECK(socks.push(chunk, out).name() == "socks.budget_used_up");
    CHECK(socks.state() == State::no_budget);
}

TEST_CASE("two bytes decide whether it may be SOCKS") {
    const auto looks = [](std::initializer_list<int> start, Direction direction) {
        return proxy::looks_like_socks(as_bytes(bytes(start)), direction);
    };
    const auto up = Direction::to_server, down = Direction::to_client;
    CHECK(looks({5}, up));
    CHECK(looks({5, 1}, up));
    CHECK(!looks({5, 0}, up));  // DCE/RPC
    CHECK(looks({4, 1}, up));
    CHECK(!looks({4, 0}, up));
    CHECK(!looks({0, 90}, up));
    CHECK(looks({5, 0}, down));
    CHECK(looks({0, 90}, down));
    CHECK(!looks({0, 94}, down));
    CHECK(!looks({4, 1}, down));
    CHECK(!proxy::looks_like_socks({}, up));
}
