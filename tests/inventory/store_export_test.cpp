#include <doctest/doctest.h>

#include "inventory/store.h"

using namespace umbratap;
using namespace umbratap::inventory;

namespace {

StoredServer server() {
    StoredServer server;
    server.host = "mcp.example.com";
    server.address = "10.0.0.2";
    server.path = "/mcp";
    server.port = 443;
    server.verdict = "shadow";
    server.sessions = 2;
    server.calls = 3;
    server.first_seen = Time(std::chrono::seconds(1'790'856'000));
    server.last_seen = Time(std::chrono::seconds(1'790'856'060));
    return server;
}

constexpr const char* head =
    "host,address,port,path,verdict,name,version,transport,protocol_version,sessions,calls,first_"
    "seen,last_seen,tools,clients\r\n";

}  // namespace

TEST_CASE("store export: JSON holds all that is known") {
    StoredServer one = server();
    one.tools_known = {
        {"read_file", "ab", 1, one.first_seen, one.last_seen, R"({"name":"read_file"})"}};
    one.clients_known = {{"10.0.0.1", "cursor", "1", "", one.first_seen, one.last_seen}};
    CHECK(to_json({one}) ==
          R"({"version":1,"servers":[
{"host":"mcp.example.com","address":"10.0.0.2","port":443,"path":"/mcp","verdict":"shadow","sessions":2,"calls":3,"first_seen":"2026-10-01T12:00:00Z","last_seen":"2026-10-01T12:01:00Z","tools":[{"name":"read_file","fingerprint":"ab","changes":1,"tokens_estimate":6,"first_seen":"2026-10-01T12:00:00Z","last_seen":"2026-10-01T12:01:00Z"}],"clients":[{"address":"10.0.0.1","name":"cursor","version":"1","first_seen":"2026-10-01T12:00:00Z","last_seen":"2026-10-01T12:01:00Z"}]}
]}
)");
    CHECK(to_json({}) == "{\"version\":1,\"servers\":[\n]}\n");
}

TEST_CASE("store export: all but ASCII is escaped in JSON, and broken UTF-8 mended") {
    StoredServer one = server();
    one.name = "é\u202E😀\"\\\n\x7f\xff\xed\xa0\x80\xc0";
    CHECK(
        to_json({one}).find(
            R"("name":"\u00e9\u202e\ud83d\ude00\"\\\u000a\u007f\ufffd\ufffd\ufffd\ufffd\ufffd")") !=
        std::string::npos);
}

TEST_CASE("store export: CSV has one line a server") {
    StoredServer one = server();
    one.tools = {"a", "b"};
    one.clients = {"10.0.0.1 cursor 1"};
    CHECK(to_csv({one}) ==
          head + std::string("mcp.example.com,10.0.0.2,443,/"
                             "mcp,shadow,,,,,2,3,2026-10-01T12:00:00Z,2026-10-01T12:01:00Z,"
                             "a; b,10.0.0.1 cursor 1\r\n"));
    CHECK(to_csv({}) == head);
}

TEST_CASE("store export: a cell is quoted where it must be") {
    StoredServer one = server();
    one.name = "a,\"b\"\nc";
    CHECK(to_csv({one}).find(",\"a,\"\"b\"\"\nc\",") != std::string::npos);
}

TEST_CASE("store export: no cell is a formula, and none holds what a terminal obeys") {
    for (const std::string name : {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1"}) {
        StoredServer one = server();
        one.name = name;
        CAPTURE(name);
        CHECK(to_csv({one}).find(",'" + name + ",") != std::string::npos);
    }
    StoredServer one = server();
    one.name = "x\033[2J\xff\r";
    CHECK(to_csv({one}).find(",x\uFFFD[2J\uFFFD\uFFFD,") != std::string::npos);
}
