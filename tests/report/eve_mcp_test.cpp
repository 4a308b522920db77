#include "report/eve_mcp.h"

#include <doctest/doctest.h>

#include "report/event_text.h"
#include "report/sample.h"

using namespace umbratap;
using namespace umbratap::inventory;
using test::line_of;

namespace {

Call tool_call() {
    Call call;
    call.parties = test::parties();
    call.time = test::at(0);
    call.packet_number = 21;
    call.method = "tools/call";
    call.id = "7";
    call.tool = "read_file";
    call.protocol_version = "2025-11-25";
    call.session_id = "s-1";
    call.answered = true;
    call.request_bytes = 120;
    call.response_bytes = 800;
    call.duration_ms = 12.5;
    return call;
}

constexpr const char* server_and_client =
    R"("client":{"name":"inspector","version":"0.9","user_agent":"agent/1"},)"
    R"("server":{"name":"files","version":"1.2","host":"mcp.example.com","path":"/mcp","ip":"10.0.0.2","port":8443,"sni":"mcp.example.com"},)"
    R"("http_version":"2","tls":"1.3",)";

bool has(const std::string& line, const std::string& part) {
    return line.find(part) != line.npos;
}

}  // namespace

TEST_CASE("eve mcp: a tool call with its response") {
    CHECK(
        line_of(tool_call()) ==
        R"({"timestamp":"2026-10-01T12:00:00.000000+0000","event_type":"mcp","flow_id":7,"pcap_filename":"a.pcapng",)"
        R"("pcap_cnt":21,"src_ip":"10.0.0.1","src_port":50000,"dest_ip":"10.0.0.2","dest_port":8443,"proto":"TCP",)"
        R"("community_id":"1:abc=","event_id":"*","mcp":{"kind":"request","sender":"client","method":{"name":"tools/call"},)"
        R"("protocol":{"version":"2025-11-25"},"session":{"id":"s-1"},"transport":"streamable-http",)" +
            std::string(server_and_client) +
            R"("verdict":"shadow","request_bytes":120,"response_bytes":800,"duration_ms":12.500,"outcome":"ok"},)"
            R"("gen_ai":{"tool":{"name":"read_file"}},"jsonrpc":{"request":{"id":"7"}}})");
}

TEST_CASE("eve mcp: what was not seen is absent") {
    Call call;
    call.parties.flow = test::flow();
    call.packet_number = 1;
    call.method = "notifications/initialized";
    call.notification = true;
    call.request_bytes = 54;
    CHECK(
        test::from(line_of(call), "\"mcp\"") ==
        R"("mcp":{"kind":"notification","sender":"client","method":{"name":"notifications/initialized"},)"
        R"("transport":"streamable-http","server":{"ip":"10.0.0.2","port":8443},"verdict":"shadow","request_bytes":54}})");
}

TEST_CASE("eve mcp: a prompt, a resource and a request of the server") {
    Call call = tool_call();
    call.tool.clear();
    call.prompt = "greet";
    call.resource_uri = "postgres://bob:hush@db/x";
    call.from_server = true;
    call.id = R"("a\u00e9\"b")";
    const std::string line = line_of(call);
    CHECK(has(line, R"("sender":"server")"));
    CHECK(has(line, R"("resource":{"uri":"postgres://bob:***@db/x"})"));
    CHECK(
        has(line,
            R"("gen_ai":{"prompt":{"name":"greet"}},"jsonrpc":{"request":{"id":"a\u00e9\"b"}}})"));
}

TEST_CASE("eve mcp: errors have code and message, unanswered calls neither answer nor duration") {
    Call call = tool_call();
    call.outcome = Outcome::error;
    call.error_code = -32601;
    call.error_message = "Method not found";
    CHECK(has(line_of(call),
              R"("outcome":"error","error":{"code":-32601,"message":"Method not found"}})"));
    call.answered = false;
    call.outcome = Outcome::unanswered;
    CHECK(has(line_of(call), R"("request_bytes":120,"outcome":"unanswered"})"));
    call.outcome = Outcome::refused;
    call.error_code = 0;
    call.error_message.clear();
    CHECK(has(line_of(call), R"("outcome":"refused"})"));
}

TEST_CASE("eve mcp: arguments and results are JSON, whole, and on one line") {
    Call call = tool_call();
    call.arguments = "{\n  \"path\": \"/etc/\u202Epasswd\"\n}";
    call.result = "[" + std::string(20'000, ' ') + "\"" + std::string(20'000, 'x') + "\"]";
    const std::string line = line_of(call);
    CHECK(has(line, R"("arguments":{"path":"/etc/\u202epasswd"},"result":[")" +
                        std::string(20'000, 'x') + "\"]}"));
}

TEST_CASE("eve mcp: behind a proxy the server has no address, and the proxy is named") {
    Call call = tool_call();
    call.parties.proxy = Proxy{{test::address(10, 0, 0, 9), 3128}, "connect"};
    const std::string line = line_of(call);
    CHECK(has(
        line,
        R"("server":{"name":"files","version":"1.2","host":"mcp.example.com","path":"/mcp","port":8443,"sni":"mcp.example.com"})"));
    CHECK(has(line, R"("proxy":{"ip":"10.0.0.9","port":3128,"kind":"connect"})"));
}

TEST_CASE("eve mcp: a session") {
    Session session = test::session();
    session.server_methods = {{"notifications/message", 3}};
    session.errors = 1;
    session.tool_errors = 2;
    session.refused = 3;
    session.list_tokens = 500;
    session.argument_tokens = 20;
    session.result_tokens = 300;
    session.judgement = {Verdict::approved, "portal", ""};
    CHECK(
        line_of(session) ==
        R"({"timestamp":"2026-10-01T12:00:02.500000+0000","event_type":"mcp_session","flow_id":7,"pcap_filename":"a.pcapng",)"
        R"("pcap_cnt":99,"src_ip":"10.0.0.1","src_port":50000,"dest_ip":"10.0.0.2","dest_port":8443,"proto":"TCP",)"
        R"("community_id":"1:abc=","event_id":"*","mcp":{"transport":"streamable-http","protocol":{"version":"2025-11-25"},)"
        R"("session":{"id":"s-1","start":"2026-10-01T12:00:00.000000+0000","end":"2026-10-01T12:00:02.500000+0000"},)" +
            std::string(server_and_client) +
            R"("methods":{"initialize":1,"tools/call":2},"server_methods":{"notifications/message":3},)"
            R"("tools_called":{"read_file":2},"tools_listed":["read_file","write_file"],"errors":1,"tool_errors":2,"refused":3,)"
            R"("bytes_to_server":300,"bytes_to_client":900,"list_tokens_estimate":500,"argument_tokens_estimate":20,"result_tokens_estimate":300,"verdict":"approved","policy_entry":"portal",)"
            R"("confidence":99,"evidence":["mcp-initialize"]}})");
}

TEST_CASE("eve mcp: a session that knows little says little") {
    Session session;
    session.parties.flow = test::flow();
    session.tools_listed_truncated = true;
    const std::string line = line_of(session);
    for (const char* key : {"protocol", "\"client\"", "methods", "tools_called", "policy_entry",
                            "evidence", "_tokens", "\"id\":"}) {
        CAPTURE(std::string(key));
        CHECK_FALSE(has(line, key));
    }
    CHECK(has(line, R"("tools_listed_truncated":true)"));
}

TEST_CASE("eve mcp: an alert") {
    Alert alert = test::alert();
    alert.matched = "mcp-initialize";
    alert.where = "request.body";
    alert.excerpt = "…\"method\":\"initialize\"…";
    alert.method = "tools/call";
    alert.tool = "read_file";
    alert.session_id = "s-1";
    alert.protocol_version = "2025-11-25";
    alert.transport = Transport::websocket;
    CHECK(
        test::from(line_of(alert), "\"alert\":{") ==
        R"("alert":{"action":"allowed","gid":1,"signature_id":9001,"rev":1,"signature":"MCP server that no policy approves",)"
        R"("category":"shadow-server","severity":2,"count":1,"id":"a1","metadata":{"owasp_mcp":["MCP09"]},)"
        R"("evidence":{"matched":"mcp-initialize","where":"request.body","excerpt":"…\"method\":\"initialize\"…"}},)"
        R"("mcp":{"method":{"name":"tools/call"},"protocol":{"version":"2025-11-25"},"session":{"id":"s-1"},"transport":"websocket",)"
        R"("client":{"name":"inspector","version":"0.9","user_agent":"agent/1"},)"
        R"("server":{"name":"files","version":"1.2","host":"mcp.example.com","path":"/mcp","ip":"10.0.0.2","port":8443,"sni":"mcp.example.com"},)"
        R"("http_version":"2","tls":"1.3","verdict":"shadow"},"gen_ai":{"tool":{"name":"read_file"}}})");
}

TEST_CASE("eve mcp: the closing event of a fold has the same alert id and the final count") {
    Alert alert = test::alert();
    alert.closing = true;
    alert.count = 17;
    CHECK(has(line_of(alert), R"("count":17,"id":"a1","closing":true)"));
}

TEST_CASE("eve mcp: an inventory change") {
    InventoryChange change;
    change.parties.flow = test::flow();
    change.parties.host = "mcp.example.com";
    change.time = test::at(0);
    change.packet_number = 30;
    change.kind = "tool";
    change.change = "changed";
    change.name = "read_file";
    change.fingerprint = "abcd";
    change.verdict = Verdict::tolerated;
    CHECK(
        test::from(line_of(change), "\"inventory\":{") ==
        R"("inventory":{"kind":"tool","change":"changed","name":"read_file","fingerprint":"abcd"},)"
        R"("mcp":{"server":{"host":"mcp.example.com","ip":"10.0.0.2","port":8443},"verdict":"tolerated"},)"
        R"("gen_ai":{"tool":{"name":"read_file"}}})");
}
