#include "inventory/credential_watch.h"

#include <doctest/doctest.h>

using namespace umbratap;
using namespace umbratap::inventory;

namespace {

packet::Address address(std::uint8_t last) {
    const std::uint8_t four[] = {10, 0, 0, last};
    return packet::Address::from_v4(four);
}

CredentialWatch::Use at(const char* server, std::uint8_t client = 1) {
    return {server, address(100), address(client), false};
}

constexpr char token[] = "eyJ0.token-of-notes.sig";

}  // namespace

TEST_CASE("credential watch: the same credential at another server is told once") {
    CredentialWatch watch(10);
    CHECK(!watch.note(token, at("a")));
    CHECK(!watch.note(token, at("a", 2)));
    const auto first = watch.note(token, at("b", 3));
    REQUIRE(first);
    CHECK(first->server == "a");
    CHECK(first->client == address(1));
    CHECK(!watch.note(token, at("c")));
    CHECK(!watch.note("eyJ0.another-token-01.sig", at("b")));
}

TEST_CASE("credential watch: what is short is made up by hand") {
    CredentialWatch watch(10);
    CHECK(!watch.note("secret", at("a")));
    CHECK(!watch.note("secret", at("b")));
    CHECK(!watch.note("", at("c")));
}

TEST_CASE("credential watch: its memory is bounded") {
    CredentialWatch watch(2);
    CHECK(!watch.note(token, at("a")));
    for (int i = 0; i < 5; ++i) watch.note("another-credential-" + std::to_string(i), at("a"));
    CHECK(!watch.note(token, at("b")));
}
