#include "inventory/url_path.h"

#include <doctest/doctest.h>

using namespace umbratap::inventory;

TEST_CASE("paths: escapes are decoded once and dot segments removed") {
    const std::pair<const char*, const char*> cases[] = {
        {"/mcp", "/mcp"},
        {"/m%63p", "/mcp"},
        {"/M%43P", "/MCP"},
        {"/a/./b", "/a/b"},
        {"/a/../b", "/b"},
        {"/a/%2e%2E/b", "/b"},
        {"/a%2fb", "/a/b"},
        {"/a/b/..", "/a/"},
        {"/a/b/.", "/a/b/"},
        {"/../../a", "/a"},
        {"/", "/"},
        {"/a//b", "/a//b"},
        {"/a/", "/a/"},
        {"/mcp?x=/team/", "/mcp"},
        {"/mcp#f", "/mcp"},
        {"/100%25done", "/100%done"},
        {"/a/..%2f..%2fb", "/b"},
        {"/%zz/%4", "/%zz/%4"},
        {"/caf%C3%A9", "/caf\xc3\xa9"},
    };
    for (const auto& one : cases) {
        const auto& raw = one.first;
        const auto& plain = one.second;
        CAPTURE(raw);
        REQUIRE(plain_path(raw));
        CHECK(*plain_path(raw) == plain);
    }
}

TEST_CASE("paths: what servers read differently has no plain spelling") {
    for (const char* raw :
         {"/team/%252e%252e/admin", "/team/%252fadmin", "/a%255c", "/a%2525", "/team/..\\admin",
          "/a%5cb", "/a%00b", "/a%0d%0ab", "/team/..;/admin", "/team/.;/admin", "/team/..%3b/admin",
          "mcp", "", "*", "?x=/mcp", "http://h/mcp"}) {
        CAPTURE(raw);
        CHECK_FALSE(plain_path(raw));
    }
}

TEST_CASE("paths: a star at the end of a pattern stands for anything, elsewhere nothing does") {
    CHECK(path_matches("/mcp", "/mcp"));
    CHECK_FALSE(path_matches("/mcp/", "/mcp"));
    CHECK_FALSE(path_matches("/mcpx", "/mcp"));
    CHECK_FALSE(path_matches("/x/mcp", "/mcp"));
    CHECK_FALSE(path_matches("/MCP", "/mcp"));
    CHECK(path_matches("/team/", "/team/*"));
    CHECK(path_matches("/team/a/b", "/team/*"));
    CHECK_FALSE(path_matches("/team", "/team/*"));
    CHECK_FALSE(path_matches("/teams/a", "/team/*"));
}
