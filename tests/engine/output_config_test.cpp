// Outputs in the config file.
#include "engine/output_config.h"

#include <doctest/doctest.h>

using namespace umbratap;

namespace {

report::Output read(const std::string& text) {
    return engine::read_output(detect::YamlNode::parse(text, "c"));
}

std::string complaint(const std::string& text) {
    try {
        read(text);
    } catch (const detect::RuleError& error) {
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("output config: a text is a target, with a format in front") {
    CHECK(read("events.ndjson").to == "events.ndjson");
    CHECK(read("\"ecs:events.ndjson\"").format == report::Rendering::ecs);
    CHECK(read("\"ecs:events.ndjson\"").to == "events.ndjson");
}

TEST_CASE("output config: every key is read") {
    const report::Output output = read(
        "to: syslog+tls://siem.example:6514\nformat: cef\nevents: [alert, mcp]\nseverity_max: 2\n"
        "queue_bytes_max: 1000000\nspool: {directory: /var/spool/x, bytes_max: 5000000}\n"
        "tls: {ca: ca.pem, certificate: a.pem, key: a.key, verify_name: siem}\n"
        "syslog: {facility: local4, app_name: tap}\n");
    CHECK(output.to == "syslog+tls://siem.example:6514");
    CHECK(output.format == report::Rendering::cef);
    CHECK(output.events == std::vector<std::string>{"alert", "mcp"});
    CHECK(output.severity_max == 2);
    CHECK(output.queue_bytes_max == 1'000'000);
    CHECK(output.spool.directory == "/var/spool/x");
    CHECK(output.spool.bytes_max == 5'000'000);
    CHECK(output.tls.ca == "ca.pem");
    CHECK(output.tls.certificate == "a.pem");
    CHECK(output.tls.key == "a.key");
    CHECK(output.tls.verify_name == "siem");
    CHECK(output.syslog.facility == 20);
    CHECK(output.syslog.app_name == "tap");
    const report::Output file = read("{to: a, rotate: {bytes_max: 4096, interval: 60, keep: 2}}");
    CHECK(file.rotate.bytes_max == 4096);
    CHECK(file.rotate.interval == std::chrono::seconds(60));
    CHECK(file.rotate.keep == 2);
    CHECK(read("{to: kafka://b/t, kafka: {compression.type: lz4}}").kafka.at("compression.type") ==
          "lz4");
    const report::Output http =
        read("{to: https://h/x, kind: elasticsearch, token_file: t, token_environment: T}");
    CHECK(http.kind == report::HttpKind::elasticsearch);
    CHECK(http.token_file == "t");
    CHECK(http.token_environment == "T");
}

TEST_CASE("output config: what makes no sense is refused with its line") {
    CHECK(complaint("to: a\nspol: {directory: x}\n") ==
          "c:2: unknown key 'spol', did you mean 'spool'?");
    CHECK(complaint("{spool: {directory: x}}").find("expected the key 'to'") != std::string::npos);
    CHECK(complaint("to: a\nspool: {directory: x}\n").find("over a network") != std::string::npos);
    CHECK(complaint("to: a\nkafka: {x: y}\n").find("kafka://") != std::string::npos);
    CHECK(complaint("to: syslog://h\nrotate: {keep: 1}\n").find("for files") != std::string::npos);
    CHECK(complaint("to: syslog+tcp://h\ntls: {ca: x}\n").find("over TLS") != std::string::npos);
    CHECK(complaint("to: a\ntls: {ca: x}\n").find("over TLS") != std::string::npos);
    CHECK(complaint("to: kafka://h/t\ntls: {ca: x}\n").find("ssl.ca.location") !=
          std::string::npos);
    CHECK(complaint("to: https://h/x\ntls: {verify_name: x}\n").find("the host of the URL") !=
          std::string::npos);
    CHECK(read("{to: https://h/x, tls: {ca: x}}").tls.ca == "x");
    CHECK(complaint("gopher://h").find("no such kind of output") != std::string::npos);
    CHECK(complaint("{to: https://h/x, kind: splunk}").find("splunk-hec") != std::string::npos);
}

TEST_CASE("output config: a secret in a URL is refused, and not repeated") {
    const std::string told = complaint("https://user:hunter2@h/_bulk");
    CHECK(told.find("token_file") != std::string::npos);
    CHECK(told.find("hunter2") == std::string::npos);
}
