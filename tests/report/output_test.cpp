#include "report/output.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace umbratap::report;

namespace {

std::string complaint(const std::string& text) {
    try {
        open_sinks({parse_output(text)});
    } catch (const SinkError& error) {
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("output: a format stands in front of the target") {
    CHECK(parse_output("a").to == "a");
    CHECK(parse_output("a:b").to == "a:b");
    CHECK(parse_output("cef:syslog://h:514").to == "syslog://h:514");
    CHECK(parse_output("cef:syslog://h:514").format == Rendering::cef);
    CHECK(parse_output("eve:ecs:a").to == "ecs:a");
    CHECK_THROWS_AS(parse_output("ecs:"), SinkError);
}

TEST_CASE("output: a URL comes apart") {
    const OutputUrl url = read_output_url("https://[2001:db8::1]:8088/services?x=/:@");
    CHECK(url.scheme == "https");
    CHECK(url.host == "2001:db8::1");
    CHECK(url.port == "8088");
    CHECK(url.path == "/services?x=/:@");
    CHECK(read_output_url("syslog://h").host == "h");
    CHECK(read_output_url("syslog://h").port.empty());
    CHECK(read_output_url("syslog://h:1").port == "1");
    CHECK(read_output_url("syslog://[h").host == "h");
    CHECK(read_output_url("syslog://").host.empty());
}

TEST_CASE("output: what it leads to is checked before anything starts") {
    CHECK(complaint("syslog://") == "output syslog://: expected syslog://HOST:PORT");
    CHECK(complaint("syslog://h/path").find("expected no path") != std::string::npos);
    CHECK(complaint("https://h/").find("set kind to splunk-hec") != std::string::npos);
    CHECK(complaint("kafka://h").find("kafka") != std::string::npos);
    CHECK(complaint("unix:").find("expected unix:PATH") != std::string::npos);
    Output output = parse_output("https://h/_bulk");
    output.token_file = "/nonexistent";
    CHECK_THROWS_WITH(open_sinks({output}),
                      "output https://h/_bulk: the token file /nonexistent cannot be read");
    output = parse_output("http://h/_bulk");
    output.token_environment = "HOME";
    CHECK_THROWS_WITH(open_sinks({output}),
                      "output http://h/_bulk: the token would travel in the clear; use https://");
}

TEST_CASE("output: what is in force is told without secrets") {
    Output output = parse_output("ecs:https://h/_bulk");
    output.events = {"alert", "mcp"};
    output.severity_max = 2;
    output.spool = {"/var/spool/x", 64 << 20};
    output.token_file = "/etc/token";
    CHECK(describe(output) ==
          "https://h/_bulk, as ecs, events alert mcp, alerts of severity 2 or worse, "
          "spool /var/spool/x of 64 MiB, token of /etc/token");
    CHECK(describe(parse_output("-")) == "standard output");
}

TEST_CASE("output: an output takes the events that it was asked for") {
    char name[] = "/tmp/umbratap-output-XXXXXX";
    const int file = mkstemp(name);
    REQUIRE(file >= 0);
    Output output = parse_output(name);
    output.events = {"alert"};
    output.severity_max = 2;
    {
        Sinks sinks = open_sinks({output});
        for (const char* type : {"alert", "mcp"}) {
            for (const std::uint8_t severity : {1, 2, 3}) {
                const std::string line = type + std::to_string(severity) + '\n';
                Event event;
                event.line = line;
                event.type = type;
                event.severity = severity;
                sinks[0]->write(event);
            }
        }
        flush(sinks, true);
        CHECK(counts_of(sinks)["file"].events == 2);
    }
    std::ostringstream text;
    text << std::ifstream(name).rdbuf();
    CHECK(text.str() == "alert1\nalert2\n");
    std::remove(name);
}
