#include "report/eve.h"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <random>

#include "report/event_text.h"
#include "report/sample.h"

using namespace umbratap;
using namespace umbratap::report;
using test::line_of;

TEST_CASE("eve: timestamps have microseconds and an offset") {
    CHECK(to_timestamp(test::at(123'456)) == "2026-10-01T12:00:00.123456+0000");
    CHECK(to_timestamp(Time{}) == "1970-01-01T00:00:00.000000+0000");
    CHECK(to_timestamp(Time(Duration(-1))) == "1969-12-31T23:59:59.999999+0000");
    CHECK(to_timestamp(Time::max()) == "2262-04-11T23:47:16.854775+0000");
    CHECK(to_timestamp(Time::min()) == "1677-09-21T00:12:43.145224+0000");
}

TEST_CASE("eve: each record has its event type") {
    CHECK(event_type(inventory::Call{}) == "mcp");
    CHECK(event_type(inventory::Session{}) == "mcp_session");
    CHECK(event_type(inventory::Alert{}) == "alert");
    CHECK(event_type(inventory::InventoryChange{}) == "inventory");
    CHECK(event_type(inventory::Anomaly{}) == "anomaly");
    CHECK(event_type(inventory::HttpExchange{}) == "http");
    CHECK(event_type(inventory::TlsHandshake{}) == "tls");
    CHECK(event_type(inventory::FlowEnd{}) == "flow");
    CHECK(event_type(inventory::StreamEnd{}) == "stream");
    CHECK(event_type(inventory::Stats{}) == "stats");
}

TEST_CASE("eve: anomaly, with all that a flow says of itself") {
    auto flow = test::flow();
    flow->vlans = {100, 200};
    flow->tunnel = packet::Tunnel::vxlan;
    CHECK(
        line_of(inventory::Anomaly{flow, test::at(5), 3, "tcp.conflicting_overlap"}) ==
        R"({"timestamp":"2026-10-01T12:00:00.000005+0000","event_type":"anomaly","flow_id":7,"pcap_filename":"a.pcapng",)"
        R"("pcap_cnt":3,"vlan":[100,200],"src_ip":"10.0.0.1","src_port":50000,"dest_ip":"10.0.0.2","dest_port":8443,)"
        R"("proto":"TCP","community_id":"1:abc=","tunnel":{"proto":")" +
            std::string(packet::to_string(packet::Tunnel::vxlan)) +
            R"("},"event_id":"*","anomaly":{"type":"stream","event":"tcp.conflicting_overlap"}})");
}

TEST_CASE("eve: anomalies of other layers are typed as Suricata types them") {
    const auto type = [](const char* event) {
        const std::string line = line_of(inventory::Anomaly{nullptr, {}, 0, event});
        return line.substr(line.find("\"anomaly\":{\"type\":\"") + 19, 6);
    };
    CHECK(type("ipv4.bad_length") == "decode");
    CHECK(type("http.smuggling") == "applay");
    CHECK(type("tcp.x") == "stream");
}

TEST_CASE("eve: live captures name the interface, and IPv6 addresses are short") {
    static const capture::Origin origin{"eth0", false};
    auto flow = test::flow();
    flow->origin = &origin;
    const std::uint8_t octets[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    flow->client.address = packet::Address::from_v6(octets);
    flow->transport = packet::Transport::udp;
    const std::string line = line_of(inventory::Anomaly{flow, {}, 1, "udp.x"});
    CHECK(line.find(R"("in_iface":"eth0")") != line.npos);
    CHECK(line.find("pcap_filename") == line.npos);
    CHECK(line.find(R"("src_ip":"2001:db8::1")") != line.npos);
    CHECK(line.find(R"("proto":"UDP")") != line.npos);
}

TEST_CASE("eve: flow ids stay exact in readers that count with doubles") {
    auto flow = test::flow();
    flow->id = ~std::uint64_t{0};
    CHECK(line_of(inventory::Anomaly{flow, {}, 1, "x"}).find("\"flow_id\":9007199254740991,") !=
          std::string::npos);
}

TEST_CASE("eve: http") {
    auto exchange = std::make_shared<inventory::Exchange>();
    exchange->flow = test::flow();
    auto request = std::make_shared<http::Head>();
    request->method = "POST";
    request->target = "/mcp?api_key=hush&x=1";
    request->authority = "MCP.example.com:8443";
    request->version = http::Version::http_2;
    request->stream_id = 5;
    request->fields.add("user-agent", "agent/1");
    exchange->request = request;
    auto response = std::make_shared<http::Head>();
    response->is_request = false;
    response->status = 200;
    response->fields.add("content-type", "text/event-stream; charset=utf-8");
    exchange->response = response;
    const std::string line = line_of(inventory::HttpExchange{exchange, test::at(0), 9, 100, 2000});
    CHECK(
        test::from(line, "\"http\"") ==
        R"("http":{"http_method":"POST","hostname":"mcp.example.com","authority":"MCP.example.com:8443",)"
        R"("url":"/mcp?api_key=***&x=1","http_user_agent":"agent/1","protocol":"HTTP/2","stream_id":5,"status":200,)"
        R"("http_content_type":"text/event-stream","length":2000}})");
}

TEST_CASE("eve: http without a response says nothing of one") {
    auto exchange = std::make_shared<inventory::Exchange>();
    exchange->flow = test::flow();
    auto request = std::make_shared<http::Head>();
    request->method = "GET";
    request->target = "/";
    exchange->request = request;
    CHECK(
        test::from(line_of(inventory::HttpExchange{exchange, test::at(0), 9, 0, 0}), "\"http\"") ==
        R"("http":{"http_method":"GET","url":"/","protocol":"HTTP/1.1"}})");
}

TEST_CASE("eve: tls") {
    inventory::TlsHandshake tls;
    tls.flow = test::flow();
    tls.time = test::at(0);
    tls.packet_number = 4;
    CHECK(line_of(tls).ends_with(R"("event_id":"*"})"));
    tls.server_name = "mcp.example.com";
    tls.version = "1.3";
    tls.ja3 = "abc";
    tls.ja4 = "t13d";
    tls.protocols = {"h2", "http/1.1"};
    CHECK(
        test::from(line_of(tls), "\"tls\"") ==
        R"("tls":{"sni":"mcp.example.com","version":"TLS 1.3","client_alpns":["h2","http/1.1"],"ja3":{"hash":"abc"},"ja4":"t13d"}})");
    tls.ja3s = "def";
    tls.cipher_suite = "AES_128_GCM_SHA256";
    tls.protocol = "h2";
    tls.certificate_subject = "mcp.example.com";
    tls.certificate_issuer = "A CA";
    tls.certificate_names = {"mcp.example.com", "*.example.com"};
    tls.resumed = tls.encrypted_client_hello = true;
    CHECK(
        test::from(line_of(tls), "\"ja3s\"") ==
        R"("ja3s":{"hash":"def"},"ja4":"t13d","cipher_suite":"AES_128_GCM_SHA256","server_alpns":["h2"],)"
        R"("subject":"CN=mcp.example.com","issuerdn":"CN=A CA","subjectaltname":["mcp.example.com","*.example.com"],)"
        R"("session_resumed":true,"encrypted_client_hello":true}})");
}

TEST_CASE("eve: flow") {
    inventory::FlowEnd end;
    end.flow.flow = test::flow();
    end.flow.time = test::at(2'900'000);
    end.flow.packet_number = 40;
    end.flow.packets[0] = 20;
    end.flow.packets[1] = 19;
    end.flow.bytes[0] = 2000;
    end.flow.bytes[1] = 19000;
    end.flow.reason = "closed";
    CHECK(
        test::from(line_of(end), "\"flow\"") ==
        R"("flow":{"pkts_toserver":20,"pkts_toclient":19,"bytes_toserver":2000,"bytes_toclient":19000,)"
        R"("start":"2026-10-01T12:00:00.000000+0000","end":"2026-10-01T12:00:02.900000+0000","age":2,"state":"closed","reason":"closed"}})");
    end.flow.reason = "timeout";
    CHECK(line_of(end).find(R"("state":"established","reason":"timeout")") != std::string::npos);
    end.flow.packets[1] = 0;
    CHECK(line_of(end).find(R"("state":"new","reason":"timeout")") != std::string::npos);
}

TEST_CASE("eve: stream") {
    inventory::StreamEnd end;
    end.flow.flow = test::flow();
    end.flow.stream.emplace();
    (*end.flow.stream)[0] = {10, 0, "aa"};
    (*end.flow.stream)[1] = {20, 5, "bb"};
    CHECK(
        test::from(line_of(end), "\"stream\"") ==
        R"("stream":{"tcp":{"to_server":{"bytes":10,"sha256":"aa","missing":0},"to_client":{"bytes":20,"sha256":"bb","missing":5}}}})");
}

TEST_CASE("eve: stats hold all nine blind spots, zero or not, and no flow") {
    inventory::Stats stats;
    stats.time = test::at(0);
    stats.packets = 10;
    stats.bytes = 1000;
    stats.cut_short = true;
    stats.drops = {{"filter", 2}};
    stats.flows = {3, 4, 1, 1, 0, 0};
    stats.payload = {700, 50, 500, 200};
    stats.blind = {{"no_key", 50}};
    stats.sessions = {{"shadow", 1}};
    stats.alerts = {{"shadow-server", 1}};
    stats.problems = {{"tcp.gap", 2}};
    stats.final = true;
    CHECK(
        line_of(stats) ==
        R"({"timestamp":"2026-10-01T12:00:00.000000+0000","event_type":"stats","event_id":"*","stats":{"final":true,)"
        R"("capture":{"packets":10,"bytes":1000,"cut_short":true},"drops":{"filter":2},)"
        R"("flows":{"tcp":3,"udp":4,"active":1,"one_direction":1,"midstream":0,"forgotten":0},)"
        R"("payload":{"tcp":700,"quic":50,"inspected":500,"shunted":200},)"
        R"("blind":{"no_key":50,"unsupported":0,"midstream":0,"quic":0,"ech":0,"gap":0,"one_direction":0,"truncated":0,"budget":0},)"
        R"("connections":{},"sessions":{"shadow":1},"alerts":{"shadow-server":1},"problems":{"tcp.gap":2}}})");
}

TEST_CASE("eve: versions are in every event from the change on") {
    Eve eve({});
    std::string before, after;
    eve.write(test::session(), before);
    eve.change({"", "", "0123456789abcdef", "fedcba9876543210"});
    eve.write(test::session(), after);
    CHECK(before.find("rules_version") == before.npos);
    CHECK(before.find("policy_version") == before.npos);
    CHECK(
        after.find(R"("rules_version":"0123456789abcdef","policy_version":"fedcba9876543210",)") !=
        after.npos);
}

TEST_CASE("eve: sensor names are in every event, if set") {
    std::string line;
    write_eve(inventory::Stats{}, {"s-1", "west"}, line);
    CHECK(line.find(R"("sensor_id":"s-1","sensor_group":"west",)") != line.npos);
}

TEST_CASE("eve: the same record is the same line; in a run its twin has another id") {
    const inventory::Record record = inventory::Anomaly{test::flow(), {}, 1, "x.y"};
    std::string first, second, run;
    write_eve(record, {}, first);
    write_eve(record, {}, second);
    CHECK(first == second);
    Eve eve({});
    eve.write(record, run);
    CHECK(run == first);
    eve.write(record, run);
    CHECK(run != first + second);
}

TEST_CASE("eve: whatever a record holds, it is one line of JSON") {
    std::mt19937 random(2);
    const auto noise = [&] {
        std::string text;
        for (std::size_t i = random() % 40; i > 0; --i) text += static_cast<char>(random());
        return text;
    };
    simdjson::dom::parser parser;
    for (int round = 0; round < 500; ++round) {
        inventory::Parties parties = test::parties();
        parties.host = noise();
        parties.path = noise();
        parties.server_name = noise();
        parties.user_agent = noise();
        parties.client = {noise(), noise()};
        parties.server = {noise(), noise()};
        inventory::Call call;
        call.parties = parties;
        for (std::string* text : {&call.method, &call.id, &call.tool, &call.prompt,
                                  &call.resource_uri, &call.protocol_version, &call.session_id,
                                  &call.error_message, &call.arguments, &call.result}) {
            *text = noise();
        }
        call.answered = round % 2 == 0;
        call.outcome = inventory::Outcome::error;
        inventory::Session session = test::session();
        session.parties = parties;
        session.methods = {{noise(), 1}, {noise(), 2}};
        session.tools_listed = {noise(), noise()};
        inventory::Alert alert = test::alert();
        alert.parties = parties;
        alert.metadata = {{noise(), {noise()}}};
        alert.excerpt = noise();
        alert.matched = noise();
        inventory::InventoryChange change;
        change.parties = parties;
        change.kind = "tool";
        change.name = noise();
        std::string out;
        for (const inventory::Record& record :
             std::initializer_list<inventory::Record>{call, session, alert, change}) {
            out.clear();
            write_eve(record, {}, out);
            REQUIRE(out.find('\n') == out.size() - 1);
            simdjson::dom::element read;
            REQUIRE(parser.parse(out).get(read) == simdjson::SUCCESS);
            for (const char c : out.substr(0, out.size() - 1))
                REQUIRE(static_cast<unsigned char>(c) >= 0x20);
        }
    }
}
