// Messages between the processes of a live run.
#include "engine/post.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

using namespace umbratap;
using engine::Message;
using engine::Post;

TEST_CASE("post: messages arrive whole and in order, short and long ones") {
    auto [here, there] = Post::pair();
    const std::string bodies[] = {"", "short", std::string(32 * 1024, 'a'),
                                  std::string(32 * 1024 + 1, 'b'), std::string(3 << 20, 'c')};
    for (const std::string& body : bodies) REQUIRE(here.send('m', body));
    for (const std::string& body : bodies) {
        const std::optional<Message> message = there.receive();
        REQUIRE(message);
        CHECK(message->kind == 'm');
        CHECK(message->body == body);
        CHECK_FALSE(message->descriptor);
    }
    CHECK_FALSE(there.receive());
    CHECK_FALSE(there.gone());
}

TEST_CASE("post: a descriptor comes along, beside a long body, too") {
    for (const std::size_t size : {std::size_t{5}, std::size_t{100'000}}) {
        auto [here, there] = Post::pair();
        int ends[2];
        REQUIRE(pipe(ends) == 0);
        const Descriptor reading(ends[0]);
        {
            const Descriptor writing(ends[1]);
            REQUIRE(here.send('d', std::string(size, 'x'), writing.number()));
        }
        std::optional<Message> message = there.receive();
        REQUIRE(message);
        CHECK(message->body.size() == size);
        REQUIRE(message->descriptor);
        CHECK(write(message->descriptor.number(), "word", 4) == 4);
        char word[4];
        CHECK(read(reading.number(), word, 4) == 4);
        CHECK(std::memcmp(word, "word", 4) == 0);
    }
}

TEST_CASE("post: who has gone is known, once all that it said was read") {
    auto [here, there] = Post::pair();
    CHECK(there.send('l', "last words"));
    there = Post();
    const std::optional<Message> message = here.receive();
    REQUIRE(message);
    CHECK(message->body == "last words");
    CHECK_FALSE(here.gone());
    CHECK_FALSE(here.receive());
    CHECK(here.gone());
    CHECK_FALSE(here.send('m'));
}

TEST_CASE("post: one that does not listen costs a second, and is not gone") {
    auto [here, there] = Post::pair();
    const std::string body(30'000, 'x');
    int taken = 0;
    while (taken < 10'000 && here.send('m', body)) ++taken;
    CHECK(taken > 0);
    CHECK(taken < 10'000);
    CHECK_FALSE(here.gone());
    while (there.receive()) --taken;
    CHECK(taken == 0);
    CHECK(here.send('m', body));
}

TEST_CASE("post: what is no message ends it") {
    int sockets[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0);
    const Descriptor stranger(sockets[0]);
    Post post{Descriptor(sockets[1])};
    SUBCASE("too short") {
        CHECK(write(stranger.number(), "m", 1) == 1);
    }
    SUBCASE("its body is said to be in a descriptor that did not come") {
        CHECK(write(stranger.number(), "m\1", 2) == 2);
    }
    CHECK_FALSE(post.receive());
    CHECK(post.gone());
}
