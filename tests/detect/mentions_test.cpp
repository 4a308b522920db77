#include "detect/mentions.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace umbratap::detect {
namespace {

const Mentions& product_rules() {
    static const Mentions rules(std::string(std::getenv("UMBRATAP_SOURCE_ROOT")) + "/rules");
    return rules;
}

Batch<Mention> found_in(const std::string& text,
                        http::Direction direction = http::Direction::to_server) {
    Mentions::Finder finder(product_rules());
    Batch<Mention> found;
    if (Mentions::Finder::perhaps(as_bytes(text))) finder.find(as_bytes(text), direction, found);
    return found;
}

TEST_CASE("all examples of the mentions do what they should") {
    for (const std::string& failure : product_rules().check()) FAIL_CHECK(failure);
}

TEST_CASE("a server is told with its host, port and path, without credentials and query") {
    const Batch<Mention> found =
        found_in(R"({"model":"m","tools":[{"type":"mcp","server_label":"dice",)"
                 R"("server_url":"HTTPS://user:secret@Dice.Example.:8443/mcp?token=abc"}]})");
    REQUIRE(found.size() == 1);
    CHECK(found[0].category == "indirect-mcp");
    CHECK(found[0].host == "dice.example");
    CHECK(found[0].port == 8443);
    CHECK(found[0].path == "/mcp");
    CHECK(found[0].tls);
    CHECK(found[0].name == "dice");
    CHECK(found[0].where == "tools[0].server_url");
    CHECK(found[0].shown.find("secret") == std::string::npos);
    CHECK(found[0].shown.find("token") == std::string::npos);
}

TEST_CASE("keys are compared decoded, in any order") {
    const Batch<Mention> found = found_in(
        R"({"\u0074ools":[{"server_\u0075rl":"https://dice.example/mcp","type":"\u006dcp"}]})");
    REQUIRE(found.size() == 1);
    CHECK(found[0].host == "dice.example");
}

TEST_CASE("a server that is named twice is told once, and tools of a local one are counted") {
    const Batch<Mention> found =
        found_in(R"({"model":"m","tools":[{"name":"mcp__git__log"},{"name":"mcp__git__diff"},)"
                 R"({"name":"mcp__files__read"},{"name":"plain"}]})");
    REQUIRE(found.size() == 2);
    CHECK(found[0].category.empty());
    CHECK(found[0].name == "git");
    CHECK(found[0].tools == 2);
    CHECK(found[1].name == "files");
}

TEST_CASE("a request that stands in a response is a tunnel's, in a request it is nothing") {
    const std::string text =
        R"({"commands":[{"jsonrpc":{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}}]})";
    CHECK(found_in(text, http::Direction::to_client).size() == 1);
    CHECK(found_in(text).empty());
}

TEST_CASE("what is no object, is broken or names too much is read as far as it is worth") {
    CHECK(found_in("mcp").empty());
    CHECK(found_in(R"([{"type":"mcp"}])").empty());
    CHECK(found_in(R"({"mcp_servers":[{"type":"url","url":"https://a.example/)").empty());
    std::string many = R"({"mcp_servers":[)";
    for (int i = 0; i < 10'000; ++i)
        many += R"({"type":"url","url":"https://h)" + std::to_string(i) + R"(.example/"},)";
    CHECK(found_in(many + "{}]}").size() == 64);
}

}  // namespace
}  // namespace umbratap::detect
