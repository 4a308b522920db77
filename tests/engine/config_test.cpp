// The config file: every option and limit has a key; what is wrong is said with its line.
#include "engine/config.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "support/temporary_file.h"

using namespace umbratap;
using test::temporary_file;

namespace {

engine::Options read(const std::string& text) {
    const std::string file = temporary_file();
    std::ofstream(file) << text;
    engine::Options options;
    try {
        engine::read_config(file, options);
    } catch (...) {
        std::remove(file.c_str());
        throw;
    }
    std::remove(file.c_str());
    return options;
}

std::string complaint(const std::string& text) {
    try {
        read(text);
    } catch (const detect::RuleError& error) {
        const std::string what = error.what();
        return what.substr(what.find(':') + 1);
    }
    return {};
}

}  // namespace

TEST_CASE("options and limits are read") {
    const engine::Options options = read(
        "read: [a.pcap, b.pcap]\npolicy: p.yaml\nevents: [alert]\npayloads: full\nworkers: 3\n"
        "sensor: {id: s1, group: dmz}\n"
        "limits:\n  flows: {flows_max: 1000}\n  tcp: {hole_wait_max: 1.5}\n");
    CHECK(options.read.size() == 2);
    CHECK(options.policy == "p.yaml");
    CHECK(options.events == std::vector<std::string>{"alert"});
    CHECK(options.payloads == engine::Payloads::full);
    CHECK(options.workers == 3);
    CHECK(options.sensor_group == "dmz");
    CHECK(options.limits.table.flows_max == 1000);
    CHECK(options.limits.tcp.hole_wait_max == std::chrono::milliseconds(1500));
}

TEST_CASE("metrics are an address, or that and who may ask") {
    CHECK(read("metrics: 127.0.0.1:1\n").metrics == "127.0.0.1:1");
    const engine::Options options = read(
        "metrics: {address: '127.0.0.1:1', user: prometheus, password_file: p}\n"
        "sensor: {versions: true}\n");
    CHECK(options.metrics == "127.0.0.1:1");
    CHECK(options.metrics_user == "prometheus");
    CHECK(options.metrics_password_file == "p");
    CHECK(options.sensor_versions);
    CHECK(complaint("metrics:\n  address: a:1\n  user: u\n").find("3: expected both") == 0);
    CHECK(complaint("metrics: {address: a, user: 'u:v', password_file: p}\n").find("colon") !=
          std::string::npos);
    CHECK(complaint("metrics: {adress: a}\n").find("did you mean 'address'") != std::string::npos);
}

TEST_CASE("an unknown key is refused with its line and a suggestion") {
    CHECK(complaint("quiet: true\npolcy: x\n").find("2:") == 0);
    CHECK(complaint("polcy: x\n").find("did you mean 'policy'") != std::string::npos);
    CHECK(complaint("limits:\n  tpc: {early_bytes_max: 1}\n").find("'tcp'") != std::string::npos);
    CHECK(complaint("limits:\n  tcp: {early_byte_max: 1}\n").find("'early_bytes_max'") !=
          std::string::npos);
}

TEST_CASE("a value out of range is refused") {
    CHECK(!complaint("workers: -1\n").empty());
    CHECK(!complaint("limits: {flows: {flows_max: 1}}\n").empty());
    CHECK(!complaint("payloads: some\n").empty());
}

TEST_CASE("config: an interface may be a decrypting mirror") {
    const engine::Options options =
        read("interface: [eth1, {name: eth2, decrypted_mirror: true}]\n");
    CHECK(options.interfaces == std::vector<std::string>{"eth1", "eth2"});
    CHECK(options.capture.decrypted == std::vector<std::string>{"eth2"});
    CHECK(complaint("interface: {name: eth1, mirror: true}\n").find("1: ") != std::string::npos);
}
