#include "http/target.h"

#include <doctest/doctest.h>

using namespace umbratap::http;

namespace {

std::string split(std::string_view text) {
    const Target target = split_target(text);
    std::string out;
    for (const std::string_view part :
         {target.scheme, target.authority, target.path, target.query}) {
        out.append(part).append("|");
    }
    return out;
}

}  // namespace

TEST_CASE("target: all four forms are taken apart") {
    CHECK(split("/mcp?x=1") == "||/mcp|x=1|");
    CHECK(split("http://user@h:80/p/q?x?y") == "http|h:80|/p/q|x?y|");
    CHECK(split("HTTPS://h?x") == "HTTPS|h||x|");
    CHECK(split("h:443") == "|h:443|||");
    CHECK(split("*") == "||*||");
    CHECK(split("") == "||||");
}

TEST_CASE("target: a URL in a query or in a path is no scheme") {
    CHECK(split("/login?to=http://evil/") == "||/login|to=http://evil/|");
    CHECK(split("/a/http://evil/") == "||/a/http://evil/||");
}

TEST_CASE("target: a fragment is no part of it") {
    CHECK(split("/a#b?c") == "||/a||");
}

TEST_CASE("target: a port is taken off, but not from the middle of an IPv6 address") {
    CHECK(split_authority("h:8080").host == "h");
    CHECK(split_authority("h:8080").port == 8080);
    CHECK(!split_authority("h").port);
    CHECK(split_authority("[::1]:80").host == "[::1]");
    CHECK(split_authority("[::1]:80").port == 80);
    CHECK(split_authority("[::1]").host == "[::1]");
    CHECK(split_authority("::1").host == "::1");
    CHECK(split_authority("h:").host == "h");
    CHECK(!split_authority("h:99999").port);
    CHECK(split_authority("h:99999").host == "h");
    CHECK(!split_authority("h:80x").port);
}

TEST_CASE("target: hosts are compared in lower case and without the root's dot") {
    CHECK(host_of("MCP.Example.:443") == "mcp.example");
    CHECK(host_of(".") == ".");
}

TEST_CASE("target: a query is read as forms are written") {
    CHECK(form_decoded("a=b+c%20d%2Fe") == "a=b c d/e");
    CHECK(form_decoded("100%") == "100%");
    CHECK(form_decoded("%4") == "%4");
    CHECK(form_decoded("%zz") == "%zz");
    CHECK(form_decoded("").empty());
}
